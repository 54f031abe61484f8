import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { exact, flowIdOf } from '../../../../adapters/emulator/megaflow.ts';
import { openFilterDevice } from '../../../../adapters/nic/ntuple/keeper/filter-device.ts';
import { discoverShapes } from '../../../../adapters/nic/ntuple/key-shapes.ts';
import { KeeperClient } from '../../../../adapters/nic/ntuple/keeper/keeper-client.ts';
import { NtupleBackend } from '../../../../adapters/nic/ntuple/ntuple-backend.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import { packageRoot } from '../../../../platform/package-root.ts';
import type { ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { installed, never } from '../../../contract/collect.ts';
import { del, outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { udpFrames } from '../../../node/fixture.ts';
import { needs } from '../../../support/needs.ts';
import { NicRig } from './support/rig.ts';

const COUNT = 10;
/** Probes for a filter; few, because filling a bucket takes an emulated processor long. */
const DEPTH = 8;
/** An emulated processor takes long to start a process. */
const SLOW_MS = 60_000;

/** A filter as `ethtool -n` prints it: the lines of its description. */
const FILTERS: readonly { readonly filter: ReceiveFilter; readonly printed: readonly RegExp[] }[] =
  [
    {
      filter: {
        key: {
          kind: 'tcp4',
          source: '0a4d0001',
          destination: '0a4e0002',
          sourcePort: 1_001,
          destinationPort: 2_001,
        },
        target: { vf: 1, queue: 0 },
      },
      printed: [
        /Rule Type: TCP over IPv4/,
        /Src IP addr: 10\.77\.0\.1 mask: 0\.0\.0\.0/,
        /Dest IP addr: 10\.78\.0\.2 mask: 0\.0\.0\.0/,
        /Src port: 1001 mask: 0x0\b/,
        /Dest port: 2001 mask: 0x0\b/,
        /Action: Direct to VF 1 queue 0/,
      ],
    },
    {
      filter: {
        key: { kind: 'udp4', destination: '0a4e0003', destinationPort: 53 },
        target: { queue: 0 },
      },
      printed: [
        /Rule Type: UDP over IPv4/,
        /Src IP addr: 0\.0\.0\.0 mask: 255\.255\.255\.255/,
        /Dest IP addr: 10\.78\.0\.3 mask: 0\.0\.0\.0/,
        /Src port: 0 mask: 0xffff/,
        /Dest port: 53 mask: 0x0\b/,
        /Action: Direct to queue 0/,
      ],
    },
  ];

describe('receive filters on the NIC in software', function () {
  this.timeout(SLOW_MS * 2);
  let rig: NicRig;
  let uplink = '';

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft', 'debian-python3');
    rig = await NicRig.start({ vfs: 2, filter_depth: DEPTH });
    uplink = rig.nic.devices.uplink;
  });
  after(() => rig?.stop());

  const table = () => openFilterDevice(uplink);
  const count = async (): Promise<number> => (await table().info()).used;

  it('are what ethtool reads, and read what ethtool wrote', async () => {
    const device = table();
    for (const { filter, printed } of FILTERS) {
      const answer = await device.insert(filter);
      assert('location' in answer);
      const rule = await run('ethtool', ['-n', uplink, 'rule', String(answer.location)]);
      for (const line of printed) assert.match(rule, line);
      assert.deepEqual(await device.list(), [{ location: answer.location, filter }]);
      assert.equal(await device.delete(answer.location), 0);
    }
    const words = 'flow-type udp4 src-ip 10.77.0.9 dst-ip 10.78.0.9 src-port 7 dst-port 8 vf 1';
    await run('ethtool', ['-N', uplink, ...words.split(' ')]);
    const [{ location, filter }] = await device.list();
    assert.deepEqual(filter, {
      key: {
        kind: 'udp4',
        source: '0a4d0009',
        destination: '0a4e0009',
        sourcePort: 7,
        destinationPort: 8,
      },
      target: { vf: 1, queue: 0 },
    });
    assert.equal(await device.delete(location), 0);
    assert.equal(await device.delete(location), 2, 'ENOENT');
  });

  it('have the keys that the device accepts, which are found out without a trace', async () => {
    const shapes = await discoverShapes(table());
    assert.deepEqual([...shapes], ['tcp4 full', 'tcp4 wild', 'udp4 full', 'udp4 wild']);
    assert.equal(await count(), 0);
  });

  it('steer a flow to a virtual function while the lease lasts and the keeper lives', async () => {
    const client = new KeeperClient({
      device: uplink,
      journal: '/run/ntuple-journal',
      startMs: SLOW_MS,
      log: () => {},
    });
    const backend = backendOf(client);
    const ports = new Map([uplink, 'vm1', 'vm2'].map((name, n) => [name, portNamed(name, n + 1)]));
    await backend.start(ports, never());
    await backend.renewLease(monotonicMs());
    const flows = [1, 2].map((n) => flow(n, 'vm2'));
    assert.deepEqual(outcomesOf(await backend.apply(flows.map(put), never())), [
      'installed',
      'installed',
    ]);
    assert.equal((await installed(backend)).length, 2);
    assert.deepEqual(await steered(flows.length + 1), [COUNT, COUNT, 0]);
    await backend.apply([del(flows[0])], never());
    assert.deepEqual(await steered(2), [0, COUNT]);

    // The end of the lease, which nothing renews.
    await client.renew(monotonicMs() + 100);
    await waitFor('the filters to go', async () => (await count()) === 0 || undefined, {
      timeoutMs: 5_000,
    });
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.equal(await count(), 1);

    // The keeper is killed, and its successor removes what it left.
    const [keeper] = (await run('pgrep', ['-f', 'keeper-process.js'])).trim().split('\n');
    process.kill(Number(keeper), 'SIGKILL');
    await waitFor('the successor', async () => (await count()) === 0 || undefined, {
      timeoutMs: SLOW_MS,
    });
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.equal(await count(), 1);
    await backend.close();
    assert.equal(await count(), 0);
  });

  it('are removed when the daemon dies, whose end of the pipe the kernel closes', async () => {
    const script = join(packageRoot(), 'dist/adapters/nic/ntuple/keeper/keeper-process.js');
    const keeper = spawn(process.execPath, [script, uplink, '/run/ntuple-journal-2'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(keeper, 'exit');
    await once(keeper.stdout, 'data');
    const requests = [
      { id: 1, do: 'renew', untilMs: monotonicMs() + 600_000 },
      { id: 2, do: 'insert', filter: FILTERS[0].filter },
    ];
    for (const request of requests) keeper.stdin.write(`${JSON.stringify(request)}\n`);
    await waitFor('the filter', async () => (await count()) === 1 || undefined, {
      timeoutMs: 10_000,
    });
    keeper.kill('SIGTERM');
    keeper.stdin.destroy();
    assert.deepEqual(await ended, [0, null]);
    assert.equal(await count(), 0);
  });

  it('beyond the probe depth are refused for their key alone', async () => {
    const client = new KeeperClient({
      device: uplink,
      journal: '/run/ntuple-journal-3',
      startMs: SLOW_MS,
      log: () => {},
    });
    const backend = backendOf(client);
    const ports = new Map([uplink, 'vm1', 'vm2'].map((name, n) => [name, portNamed(name, n + 1)]));
    await backend.start(ports, never());
    await backend.renewLease(monotonicMs());
    // The folded tuple is the same for all of them: a bit in both addresses and ports cancels out.
    const crowd = Array.from({ length: DEPTH + 1 }, (_, n) =>
      flowOf(0x0a4d_0000 + n, 0x0a4e_0001, 1_001, 2_048 + n),
    );
    const results = outcomesOf(await backend.apply([...crowd, flow(1, 'vm2')].map(put), never()));
    assert.deepEqual(results.slice(DEPTH - 1), ['installed', 'probe-depth', 'installed']);
    assert.deepEqual(backend.capacity().used, DEPTH + 1);
    assert.equal(backend.capacity().entries, 8_192);
    assert.equal(await backend.withdrawAll(), DEPTH + 1);
    assert.equal(await count(), 0);
    await backend.close();
  });

  function backendOf(client: KeeperClient): NtupleBackend {
    const options = {
      uplink,
      entries: 8_192,
      leaseMs: SLOW_MS,
      addressesAreUnique: true,
      targetOf: ({ name }: PortInfo) => (name === 'vm2' ? { vf: 1, queue: 0 } : undefined),
    };
    return new NtupleBackend(options, { device: table(), writer: client, log: () => {} });
  }

  /** How many of the packets of each of the first flows met a filter. */
  async function steered(flows: number): Promise<readonly number[]> {
    const met: number[] = [];
    for (let n = 1; n <= flows; n++) {
      const before = (await rig.nic.counters(uplink)).filter_packets;
      await rig.send(rig.remote, udpFrames(n, COUNT));
      met.push((await rig.nic.counters(uplink)).filter_packets - before);
    }
    return met;
  }

  /** The flow of `udpFrames(n, ...)` from the wire to a port. */
  function flow(n: number, outPort: string): FlowSpec {
    return flowOf(0x0a4d_0000 + n, 0x0a4e_0000 + n, 1_000 + n, 2_000 + n, outPort);
  }

  function flowOf(
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    outPort = 'vm2',
  ): FlowSpec {
    const match = {
      inPort: uplink,
      fields: [
        exact('eth_type', 0x0800),
        exact('ipv4_src', source),
        exact('ipv4_dst', destination),
        exact('ip_proto', 17),
        exact('ip_frag', 0),
        exact('udp_src', sourcePort),
        exact('udp_dst', destinationPort),
      ],
      opaque: [],
    };
    return { id: flowIdOf(match), match, actions: [{ kind: 'output', port: outPort }] };
  }
});

function portNamed(name: string, ifindex: number): PortInfo {
  return {
    name,
    uuid: name,
    ifindex,
    bridge: 'br0',
    kind: 'other',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
