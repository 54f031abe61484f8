import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ConnectionDump } from '../../adapters/ovs/conntrack/connection-dump.ts';
import { ConnectionStore } from '../../adapters/ovs/conntrack/connection-store.ts';
import { KernelConnectionTracker } from '../../adapters/ovs/kernel/conntrack/tracker.ts';
import type { ConnectionTuple } from '../../engine/model/connection.ts';
import { ipv4Bytes } from '../../lab/compare/traffic/ends.ts';
import { inNetworkNamespace } from '../../lab/testbed/network-namespace.ts';
import { run } from '../../lab/testbed/run.ts';
import { startAnswerer, startTalker } from '../../lab/testbed/talk.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { NetlinkSocket } from '../../protocols/netlink/socket.ts';
import { RealOvs } from '../adapters/ovs/real-ovs.ts';
import { never } from '../contract/collect.ts';
import { needs } from '../support/needs.ts';

const ZONE = 7;
const CLIENT = '10.9.0.1';
const SERVER = '10.9.0.2';
/** Translated to the server. */
const VIRTUAL = '10.9.0.100';
const PATIENCE = { timeoutMs: 40_000, everyMs: 200 };

const RULES = [
  'table=0,priority=20,arp,actions=NORMAL',
  `table=0,priority=10,ip,actions=ct(table=1,zone=${ZONE},nat)`,
  'table=0,priority=0,actions=drop',
  `table=1,priority=20,ct_state=+new,tcp,nw_dst=${VIRTUAL},actions=ct(commit,zone=${ZONE},nat(dst=${SERVER}),exec(set_field:0x2a->ct_mark,set_field:0x1234567890abcdef0011->ct_label)),NORMAL`,
  `table=1,priority=10,ct_state=+new,ip,actions=ct(commit,zone=${ZONE}),NORMAL`,
  'table=1,priority=0,actions=NORMAL',
];

function tuple(
  protocol: number,
  [src, srcPort]: readonly [string, number],
  [dst, dstPort]: readonly [string, number],
): ConnectionTuple {
  const bytes = (address: string): Uint8Array => Uint8Array.from(ipv4Bytes(address));
  return { ipVersion: 4, protocol, src: bytes(src), dst: bytes(dst), srcPort, dstPort };
}

describe("connections of Open vSwitch in the kernel's conntrack", function () {
  this.timeout(180_000);
  let real: RealOvs | undefined;
  let tracker: KernelConnectionTracker;
  let host = '';
  let changes = 0;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
    await run('modprobe', ['nf_conntrack_netlink'], { timeoutMs: 30_000 });
    real = await RealOvs.start('system');
    host = real.ovs.host.name;
    await real.rules(...RULES);
    const neighbour = ['neigh', 'replace', VIRTUAL, 'lladdr', '02:00:00:00:00:02', 'dev', 'eth0'];
    await run('ip', ['-n', real.vm(1).name, ...neighbour]);
    tracker = new KernelConnectionTracker({
      timeoutMs: 20_000,
      usesZone: (zone) => zone === ZONE,
      open: (protocol) => inNetworkNamespace(host, () => new NetlinkSocket(protocol)),
      setting: async (name) =>
        inNetworkNamespace(host, () => readFileSync(`/proc/sys/net/netfilter/${name}`, 'latin1')),
    });
    tracker.onChange(() => changes++);
  });
  after(async () => {
    await tracker?.close();
    await real?.stop();
  });

  function node(): RealOvs {
    assert(real !== undefined);
    return real;
  }

  /** Refreshes until the connection is established. */
  const established = (one: ConnectionTuple): Promise<true> =>
    waitFor(
      'it is established',
      async () => {
        await tracker.refresh(never());
        return tracker.find(ZONE, one)?.connection.isEstablished === true || undefined;
      },
      PATIENCE,
    );

  /** What vswitchd prints of the same conntrack. */
  async function printed(): Promise<ConnectionStore> {
    const text = await node().ovs.appctl('dpctl/dump-conntrack', '-m', '-s', 'system@ovs-system');
    const dump = new ConnectionDump();
    const store = new ConnectionStore();
    dump.begin(Buffer.from(JSON.stringify(text).slice(1, -1)));
    while (!dump.read(100, (record) => store.put(record, record.isTcpEstablished)));
    assert.equal(dump.finish().skipped, 0);
    return store;
  }

  it('are those that vswitchd prints, and are announced when they are flushed', async () => {
    const server = await startAnswerer(node().vm(2), 'tcp', SERVER, 5_201);
    const talker = await startTalker(node().vm(1), 'tcp', CLIENT, VIRTUAL, 5_201);
    const original = tuple(6, [CLIENT, talker.port], [VIRTUAL, 5_201]);
    const reply = tuple(6, [SERVER, 5_201], [CLIENT, talker.port]);
    await established(original);
    const judge = await printed();
    assert.deepEqual(tracker.find(ZONE, original), judge.find(ZONE, original));
    assert.deepEqual(tracker.find(ZONE, reply), judge.find(ZONE, reply));
    const { connection } = tracker.find(ZONE, reply) ?? {};
    assert.equal(connection?.mark, 0x2a);
    assert.equal(
      Buffer.from(connection.labels).toString('hex'),
      '0000000000001234567890abcdef0011',
    );
    const before = changes;
    await node().ovs.appctl('dpctl/flush-conntrack', `zone=${ZONE}`);
    await waitFor('the announcement', () => changes > before || undefined, PATIENCE);
    assert.equal(tracker.find(ZONE, original), undefined);
    await talker.stop();
    await server.stop();
  });

  it('of UDP are established once they are answered', async () => {
    const server = await startAnswerer(node().vm(2), 'udp', SERVER, 5_202);
    const talker = await startTalker(node().vm(1), 'udp', CLIENT, SERVER, 5_202);
    const original = tuple(17, [CLIENT, talker.port], [SERVER, 5_202]);
    await waitFor(
      'it is tracked',
      async () => {
        await tracker.refresh(never());
        return tracker.find(ZONE, original);
      },
      PATIENCE,
    );
    assert.equal(tracker.find(ZONE, original)?.connection.isEstablished, false);
    server.answer();
    await established(original);
    await talker.stop();
    await server.stop();
  });

  it('say whether sequence numbers are checked', async () => {
    assert.equal(await tracker.sequenceChecks(), 'on');
    await node().ovs.host.exec('sysctl', ['-qw', 'net.netfilter.nf_conntrack_tcp_be_liberal=1']);
    assert.equal(await tracker.sequenceChecks(), 'off');
  });
});
