import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cleanup } from '../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { Namespace } from '../../../lab/testbed/namespace.ts';
import { createVethPort } from '../../../lab/testbed/veth.ts';
import { needs } from '../../support/needs.ts';
import { PacketTrace } from '../../../replay/traces/packet-trace.ts';
import { PcapReader } from '../../../replay/traces/pcap.ts';
import { openTrace } from '../../../replay/input/source.ts';
import { Traffic } from '../../../replay/input/traffic.ts';
import { describeMatch } from '../../../views/describe-flow.ts';
import { traceFolder } from '../support/trace-file.ts';

const PAYLOAD = 400;
/** Length of the Ethernet, IPv4 and UDP headers. */
const HEADERS = 14 + 20 + 8;
/** Sends datagrams, one after another, from port 5000 to the ports given. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(5000, async () => {
  for (const port of process.argv.slice(1)) {
    await new Promise((sent) => socket.send(Buffer.alloc(${PAYLOAD}), Number(port), '10.9.0.2', sent));
    await new Promise((next) => setTimeout(next, 10));
  }
  socket.close();
});
`;

describe('replay: a capture by tcpdump', function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  const names = new NameMaker();
  let folder: ReturnType<typeof traceFolder> | undefined;

  before(function () {
    needs(this, 'root', 'netns', 'tcpdump');
  });

  after(async () => {
    await cleanup.run();
    folder?.remove();
  });

  it('has every packet and byte of two UDP flows', async () => {
    folder = traceFolder();
    const file = join(folder.path, 'udp.pcap');
    const host = await Namespace.create(cleanup, names, 'h');
    const vm = await Namespace.create(cleanup, names, 'v');
    const name = names.next('p');
    const addresses = ['10.9.0.2/24'];
    await createVethPort(cleanup, { name, vm, host, mac: '02:00:00:00:09:02', addresses });
    await host.exec('ip', ['address', 'add', '10.9.0.1/24', 'dev', name]);

    const args = ['-i', name, '-w', file, '-U', '--immediate-mode', '-Z', 'root', 'udp'];
    const tcpdump = await host.spawn('tcpdump', 'tcpdump', args);
    await sleep(2000);
    const ports = [
      ...Array.from({ length: 20 }, () => '7001'),
      ...Array.from({ length: 10 }, () => '7002'),
    ];
    await host.exec(process.execPath, ['-e', SENDER, '--', ...ports], { timeoutMs: 20_000 });
    await sleep(500);
    await tcpdump.stop();

    const source = await openTrace(file);
    const trace = new PacketTrace(source, new PcapReader(file));
    const traffic = new Traffic();
    const startMs = await trace.nextMs();
    assert.ok(startMs !== undefined && Math.abs(startMs - Date.now()) < 60_000, `${startMs}`);
    await trace.play(Number.POSITIVE_INFINITY, traffic);
    const flows = traffic.added.map((slot) => ({
      match: describeMatch(traffic.flowAt(slot).match).replace(/^.*,eth_dst=/, ''),
      packets: traffic.packets[slot],
      bytes: traffic.bytes[slot],
    }));
    const to = '02:00:00:00:09:02,ipv4_src=10.9.0.1,ipv4_dst=10.9.0.2,udp_src=5000,udp_dst=';
    assert.deepEqual(flows, [
      { match: `${to}7001`, packets: 20, bytes: 20 * (HEADERS + PAYLOAD) },
      { match: `${to}7002`, packets: 10, bytes: 10 * (HEADERS + PAYLOAD) },
    ]);
  });
});
