import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCpuTimes } from '../../../adapters/host/cpu-times.ts';
import { HostUnreadable } from '../../../adapters/host/errors.ts';
import { LinuxHostSource } from '../../../adapters/host/linux-host-source.ts';
import { never } from '../../contract/collect.ts';
import { describeHostSource } from '../../contract/host-source.ts';

describe('CPU times', () => {
  const stat = (columns: string): string => `cpu  ${columns}\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n`;

  it('count guests once, and waiting for I/O as idle', () => {
    // user nice system idle iowait irq softirq steal guest guest_nice
    assert.deepEqual(parseCpuTimes(stat('100 20 30 1000 200 5 6 7 40 8')), {
      total: 1368,
      idle: 1200,
      guest: 48,
    });
  });

  it('are read from kernels with fewer columns', () => {
    assert.deepEqual(parseCpuTimes(stat('100 20 30 1000')), { total: 1150, idle: 1000, guest: 0 });
  });

  it('are none when there is no such line', () => {
    for (const text of ['', 'cpu0 1 2 3 4\n', 'cpu  1 2 3\n', 'cpu  a b c d\n']) {
      assert.equal(parseCpuTimes(text), undefined);
    }
  });
});

describe('a host made of files', () => {
  let folder: string;
  let source: LinuxHostSource;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nkhost-'));
    const statistics = join(folder, 'net', 'eth0', 'statistics');
    await mkdir(statistics, { recursive: true });
    await writeFile(join(folder, 'stat'), 'cpu  1 2 3 4 5 6 7 8 9 10\n');
    for (const [i, name] of ['rx_bytes', 'tx_bytes', 'rx_packets', 'tx_packets'].entries()) {
      await writeFile(join(statistics, name), `${10 ** (i + 1)}\n`);
    }
    await mkdir(join(folder, 'net', 'half', 'statistics'), { recursive: true });
    source = new LinuxHostSource({
      procStat: join(folder, 'stat'),
      sysClassNet: join(folder, 'net'),
    });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read, ports that cannot be left out', async () => {
    const sample = await source.read(['eth0', 'half', 'none', '../net/eth0', '..', ''], never());
    assert.deepEqual(
      sample.ports,
      new Map([['eth0', { rxBytes: 10, txBytes: 100, rxPackets: 1000, txPackets: 10_000 }]]),
    );
  });

  it('says why its CPU cannot be read', async () => {
    await writeFile(join(folder, 'stat'), 'nothing\n');
    await assert.rejects(source.read([], never()), HostUnreadable);
    await rm(join(folder, 'stat'));
    await assert.rejects(source.read([], never()), /cannot read the CPU times from .*stat: /);
  });
});

describeHostSource(
  'Linux',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nkhost-'));
    const procStat = join(folder, 'stat');
    await symlink('/proc/stat', procStat);
    return {
      source: new LinuxHostSource({ procStat }),
      port: 'lo',
      unknownPort: 'nknone0',
      traffic: async () => {
        const socket = createSocket('udp4');
        await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
        const { port } = socket.address();
        await new Promise<void>((received) => {
          socket.once('message', () => received());
          socket.send('hello', port, '127.0.0.1');
        });
        await new Promise<void>((closed) => socket.close(closed));
      },
      pass: () => new Promise((resolve) => setTimeout(resolve, 60)),
      breakSource: () => unlink(procStat),
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
  { traffic: true, faults: true },
);
