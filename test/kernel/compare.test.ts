import assert from 'node:assert/strict';
import { release } from 'node:os';
import type { ProgramBackend } from '../../adapters/nic/core/program-backend.ts';
import { type Carried, carriedSince, KernelBed } from '../../lab/compare/bed/kernel-bed.ts';
import type { Counts } from '../../lab/compare/guest/agent.ts';
import { nftDrop, tcDrop } from '../../lab/compare/surroundings/filters.ts';
import type { Range, Stream } from '../../lab/compare/traffic/stream.ts';
import { tcpStreams } from '../../lab/compare/traffic/tcp.ts';
import { inVxlan } from '../../lab/compare/traffic/tunnels.ts';
import {
  SERVICE_IPV4,
  translatedStreams,
  translatingRules,
} from '../../lab/compare/traffic/translated.ts';
import { fragments } from '../../lab/compare/traffic/udp.ts';
import { tagged } from '../../lab/compare/traffic/vlan.ts';
import { BRIDGE, TestNode } from '../../lab/testbed/node.ts';
import { run } from '../../lab/testbed/run.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { sendDatagrams } from '../adapters/nic/tcx/support/datagrams.ts';
import { needs } from '../support/needs.ts';
import { translatingFlows } from './support/translation.ts';

/*
 * A small part of `lab compare --datapath kernel`, whose matrix takes ten minutes: its traffic and
 * filters, past entries at tc ingress that the test installs itself. Starting a daemon takes half a minute here.
 */

/** The first find no flow in the datapath; what goes up to ovs-vswitchd may overtake each other. */
const FIRST: Range = [0, 5];
const PACKETS: Range = [5, 65];
const COUNT = PACKETS[1] - PACKETS[0];
const PACKETS_PER_SECOND = 200;
const FLOWS_MADE_MS = 500;
const SMALLEST_PAYLOAD = 200;
/** More than a segment: what carries such packets on average does not split them. */
const UNSPLIT = 4 * 1_460;
const IN_TIME = { timeoutMs: 20_000, everyMs: 100 };

/** What the streams of a service are beside their ends. */
const SOCKETS = { from: 'socket', unit: 'packets' } as const;

/** What `auto` chooses on this kernel. */
const HOOK = isBefore(6, 6) ? 'cls_bpf' : 'tcx';

/** Streams that leave from sockets whose kernel leaves checksums and segmentation to the device. */
const TRAFFIC = [
  { what: 'TCP with TSO', streamsOf: tcpStreams, hasTso: true },
  { what: 'TCP with TSO in a VLAN', streamsOf: tagged, hasTso: true },
  { what: 'UDP in VXLAN', streamsOf: inVxlan, hasTso: false },
  { what: 'fragments of UDP', streamsOf: fragments, hasTso: false },
] as const;

describe(`the kernel datapath without and with ${HOOK} entries`, function () {
  this.timeout(120_000);
  let node: TestNode;
  let bed: KernelBed;
  let backend: ProgramBackend;
  let without: readonly Counts[] = [];

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'xdp', 'nft', 'debian-python3');
    node = await TestNode.start([], 'system', 'shared');
    bed = await KernelBed.onOpenVswitch(node);
    const streams = TRAFFIC.map(({ streamsOf }) => streamsOf(bed.ends())[0]);
    const counts: Counts[] = [];
    for (const stream of streams) counts.push(await countsOf(stream));
    without = counts;
    backend = await bed.startTable(HOOK);
  });

  after(async () => {
    await backend?.close('withdraw');
    await bed?.stop();
    await node?.stop();
  });

  /** Sends a stream; resolves to what arrives, when everything has or nothing more does. */
  async function countsOf(stream: Stream, isExpected = isComplete): Promise<Counts> {
    const name = 'compare';
    const { sender, receiver } = bed;
    assert(stream.receive !== undefined);
    await receiver.agent.open(name, stream.receive);
    try {
      await sender.agent.send(name, stream.send, FIRST, PACKETS_PER_SECOND);
      await sleep(FLOWS_MADE_MS);
      await sender.agent.send(name, stream.send, PACKETS, PACKETS_PER_SECOND);
      let counts: Counts | undefined;
      const look = async () => {
        [counts] = await receiver.agent.counts(name, [PACKETS]);
        return isExpected(counts) ? true : undefined;
      };
      await waitFor('the packets', look, IN_TIME).catch(() => undefined);
      assert(counts !== undefined);
      return counts;
    } finally {
      await Promise.all([sender.agent.close(name), receiver.agent.close(name)]);
    }
  }

  for (const [i, { what, streamsOf, hasTso }] of TRAFFIC.entries()) {
    it(`deliver the same ${what}`, async () => {
      const [stream] = streamsOf(bed.ends());
      const checksumErrors = await bed.receiver.agent.checksumErrors();
      await carriedSince(backend);
      const counts = await countsOf(stream);
      const carried = await carriedSince(backend);
      assert.deepEqual(counts, without[i]);
      assert.deepEqual(counts, { received: COUNT, duplicates: 0, late: 0, corrupt: 0 });
      assert.equal(await bed.receiver.agent.checksumErrors(), checksumErrors);
      assertCarried(carried, hasTso);
    });
  }

  it('deliver the same datagrams that await segmentation (UDP_SEGMENT), past the vSwitch', async () => {
    const [sender, receiver] = [bed.sender.vm.namespace, bed.receiver.vm.namespace];
    const { address } = bed.receiver.vm;
    const all = { sender, receiver, address, port: bed.ends().port, count: COUNT };
    // The datapath must have the megaflow: what goes up to ovs-vswitchd may overtake each other.
    await sendDatagrams({ ...all, count: 1, atOnce: 1 });
    await carriedSince(backend);
    assert.deepEqual(
      await sendDatagrams({ ...all, atOnce: 10 }),
      Array.from({ length: COUNT }, (_, i) => i),
    );
    assert.deepEqual((await carriedSince(backend)).packets, 0);
  });

  it('translate addresses and ports of segments and datagrams alike, with checksums that are verified', async () => {
    const { sender, receiver } = bed;
    const [client, server] = [sender.vm, receiver.vm];
    const neighbour = ['neighbour', 'replace', SERVICE_IPV4, 'lladdr', server.mac, 'dev', 'eth0'];
    await client.namespace.exec('ip', neighbour);
    // The ports complete the checksums that the guests leave to them, and the guests verify them.
    for (const { name } of [client, server]) await setPort(name, 'off');
    const ends = bed.ends();
    const streams = translatedStreams(ends);
    const rules = streams.flatMap((stream) =>
      translatingRules(stream, ends, client.number, server.number),
    );
    for (const rule of rules) await node.ovs.ofctl('add-flow', BRIDGE, rule);
    // Other entries match these packets, too.
    await backend.withdrawAll();
    const bySwitch: Counts[] = [];
    for (const stream of streams) bySwitch.push(await countsOf({ ...SOCKETS, ...stream }));

    const flows = streams.flatMap((stream) => translatingFlows(stream, client, server));
    await bed.install(backend, flows);
    const checksumErrors = await receiver.agent.checksumErrors();
    for (const [i, stream] of streams.entries()) {
      await carriedSince(backend);
      const counts = await countsOf({ ...SOCKETS, ...stream });
      assert.deepEqual(counts, bySwitch[i]);
      assert.deepEqual(counts, { received: COUNT, duplicates: 0, late: 0, corrupt: 0 });
      assertCarried(await carriedSince(backend), stream.name === 'tcp');
    }
    assert.equal(await receiver.agent.checksumErrors(), checksumErrors);

    await backend.withdrawAll();
    await bed.install(backend);
    for (const { name } of [client, server]) await setPort(name, 'on');
  });

  it('deliver nothing past a tc filter at ingress and an nftables chain at egress', async () => {
    const { host } = node.ovs;
    const { sender, receiver } = bed;
    for (const filter of [
      tcDrop(host, sender.vm.name, 'ingress'),
      nftDrop(host, receiver.vm.name, 'egress'),
    ]) {
      await filter.apply();
      try {
        const isUnserved = async () => !(await bed.isServedBy(backend)) || undefined;
        await waitFor('a port is not served', isUnserved, IN_TIME);
        const [stream] = inVxlan(bed.ends());
        await carriedSince(backend);
        const counts = await countsOf(stream, () => true);
        assert.deepEqual([counts.received, (await carriedSince(backend)).packets], [0, 0]);
      } finally {
        await filter.remove();
      }
      const isServed = async () => (await bed.isServedBy(backend)) || undefined;
      await waitFor('the ports are served', isServed, IN_TIME);
      await bed.install(backend);
    }
    assert.deepEqual(await countsOf(inVxlan(bed.ends())[0]), without[2]);
  });

  it('refuse ports where the kernel lacks what a table needs, and say what', async function () {
    const lacking = [
      ...(isBefore(6, 6)
        ? [['tcx', /tcx, which Linux has since 6\.6, cannot be used/] as const]
        : []),
      ...(isBefore(6, 8) ? [['xdp', /XDP on a veth needs Linux 6\.8, .* this is /] as const] : []),
    ];
    if (lacking.length === 0) this.skip();
    await backend.close('withdraw');
    for (const [name, why] of lacking) await assert.rejects(bed.startTable(name), why);
  });
});

async function setPort(name: string, state: 'on' | 'off'): Promise<void> {
  await run('ethtool', ['-K', name, 'tx', state, 'sg', state, 'tso', state, 'gso', state]);
}

function isBefore(major: number, minor: number): boolean {
  const [ours = 0, ourMinor = 0] = release().split('.').map(Number);
  return ours < major || (ours === major && ourMinor < minor);
}

function isComplete({ received }: Counts): boolean {
  return received === COUNT;
}

function assertCarried({ packets, bytes }: Carried, hasTso: boolean): void {
  const least = 0.9 * COUNT * SMALLEST_PAYLOAD;
  assert(bytes > least, `the entries carried ${bytes} bytes`);
  if (hasTso)
    assert(bytes / packets > UNSPLIT, `${bytes / packets} bytes a packet: they were split`);
}
