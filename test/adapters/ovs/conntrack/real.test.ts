import assert from 'node:assert/strict';
import { TimeoutPolicies } from '../../../../adapters/ovs/conntrack/timeout-policies.ts';
import { OvsConnectionTracker } from '../../../../adapters/ovs/conntrack/tracker.ts';
import type { ConnectionTuple } from '../../../../engine/model/connection.ts';
import { ipv4Bytes, ipv6Bytes } from '../../../../lab/compare/traffic/ends.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { startAnswerer, startTalker } from '../../../../lab/testbed/talk.ts';
import { sleep, waitFor } from '../../../../lab/testbed/wait.ts';
import { never } from '../../../contract/collect.ts';
import { needs } from '../../../support/needs.ts';
import { RealOvs } from '../real-ovs.ts';

const ZONE = 7;
const CLIENT = '10.9.0.1';
const SERVER = '10.9.0.2';
/** Translated to the server. */
const VIRTUAL = '10.9.0.100';
const CLIENT6 = 'fd00::1';
const SERVER6 = 'fd00::2';
const SERVER_MAC = '02:00:00:00:00:02';
const PATIENCE = { timeoutMs: 10_000, everyMs: 300 };

const RULES = [
  'table=0,priority=20,arp,actions=NORMAL',
  'table=0,priority=20,icmp6,actions=NORMAL',
  `table=0,priority=10,ip,actions=ct(table=1,zone=${ZONE},nat)`,
  `table=0,priority=10,ipv6,actions=ct(table=1,zone=${ZONE})`,
  `table=1,priority=20,ct_state=+new,tcp,nw_dst=${VIRTUAL},actions=ct(commit,zone=${ZONE},nat(dst=${SERVER}),exec(set_field:0x2a->ct_mark,set_field:0x1234567890abcdef0011->ct_label)),NORMAL`,
  `table=1,priority=10,ct_state=+new,ip,actions=ct(commit,zone=${ZONE}),NORMAL`,
  `table=1,priority=10,ct_state=+new,ipv6,actions=ct(commit,zone=${ZONE}),NORMAL`,
  'table=1,priority=0,actions=NORMAL',
];

function tuple(
  protocol: number,
  [src, srcPort]: readonly [string, number],
  [dst, dstPort]: readonly [string, number],
): ConnectionTuple {
  const ipVersion = src.includes(':') ? 6 : 4;
  const bytes = (address: string): Uint8Array =>
    Uint8Array.from(ipVersion === 6 ? ipv6Bytes(address) : ipv4Bytes(address));
  return { ipVersion, protocol, src: bytes(src), dst: bytes(dst), srcPort, dstPort };
}

describe('the connections of a real userspace datapath', function () {
  this.timeout(60_000);
  let real: RealOvs;
  let tracker: OvsConnectionTracker;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    real = await RealOvs.start();
    await real.rules(...RULES);
    for (const n of [1, 2]) {
      const address = ['address', 'add', `fd00::${n}/64`, 'dev', 'eth0', 'nodad'];
      await run('ip', ['-n', real.vm(n).name, ...address]);
    }
    const neighbour = ['neigh', 'replace', VIRTUAL, 'lladdr', SERVER_MAC, 'dev', 'eth0'];
    await run('ip', ['-n', real.vm(1).name, ...neighbour]);
    const { runDir, dbSocket } = real.ovs;
    const timeouts = new TimeoutPolicies({ database: dbSocket, timeoutMs: 5_000 });
    tracker = new OvsConnectionTracker({ runDir, timeoutMs: 5_000, timeouts });
    await waitFor('the time-outs are known', () => timeouts.areDefault() || undefined, PATIENCE);
  });
  after(async () => {
    await tracker?.close();
    await real?.stop();
  });

  const refresh = (): Promise<unknown> => tracker.refresh(never());
  /** Refreshes until the connection is established, or no longer. */
  const until = (isEstablished: boolean, one: ConnectionTuple): Promise<true> =>
    waitFor(
      `established: ${isEstablished}`,
      async () => {
        await refresh();
        const found = tracker.find(ZONE, one)?.connection.isEstablished ?? false;
        return found === isEstablished || undefined;
      },
      PATIENCE,
    );

  it('have translated tuples, mark and labels; TCP is established until one end closes', async () => {
    const server = await startAnswerer(real.vm(2), 'tcp', SERVER, 5_201);
    const talker = await startTalker(real.vm(1), 'tcp', CLIENT, VIRTUAL, 5_201);
    const original = tuple(6, [CLIENT, talker.port], [VIRTUAL, 5_201]);
    const reply = tuple(6, [SERVER, 5_201], [CLIENT, talker.port]);
    await until(true, original);
    const labels = Uint8Array.from(Buffer.from('0000000000001234567890abcdef0011', 'hex'));
    const connection = { zone: ZONE, original, reply, isEstablished: true, mark: 0x2a, labels };
    assert.deepEqual(tracker.find(ZONE, original), { connection, direction: 'original' });
    assert.deepEqual(tracker.find(ZONE, reply), { connection, direction: 'reply' });
    assert.equal(tracker.find(ZONE + 1, original), undefined);
    await talker.stop();
    await until(false, original);
    await server.stop();
  });

  it('are established with IPv6', async () => {
    const server = await startAnswerer(real.vm(2), 'tcp', SERVER6, 5_201);
    const talker = await startTalker(real.vm(1), 'tcp', CLIENT6, SERVER6, 5_201);
    const original = tuple(6, [CLIENT6, talker.port], [SERVER6, 5_201]);
    await until(true, original);
    assert.equal(tracker.find(ZONE, original)?.connection.mark, 0);
    await talker.stop();
    await server.stop();
  });

  it('of UDP are established once they are answered, and unless a zone has its own time-outs', async () => {
    const server = await startAnswerer(real.vm(2), 'udp', SERVER, 5_202);
    const talker = await startTalker(real.vm(1), 'udp', CLIENT, SERVER, 5_202);
    const original = tuple(17, [CLIENT, talker.port], [SERVER, 5_202]);
    await waitFor(
      'it is tracked',
      async () => {
        await refresh();
        return tracker.find(ZONE, original);
      },
      PATIENCE,
    );
    for (let i = 0; i < 6; i++) {
      await refresh();
      assert.equal(tracker.find(ZONE, original)?.connection.isEstablished, false, 'unanswered');
      await sleep(400);
    }
    server.answer();
    await until(true, original);
    for (let i = 0; i < 3; i++) {
      await refresh();
      assert.equal(tracker.find(ZONE, original)?.connection.isEstablished, true, 'stays so');
      await sleep(300);
    }
    const { ovs } = real;
    const datapath = ['--id=@d', 'create', 'Datapath', 'datapath_version=0'];
    await ovs.vsctl('--', ...datapath, '--', 'set', 'Open_vSwitch', '.', 'datapaths:netdev=@d');
    await ovs.vsctl('add-zone-tp', 'netdev', `zone=${ZONE}`, 'udp_first=20', 'udp_multiple=90');
    await until(false, original);
    await ovs.vsctl('del-zone-tp', 'netdev', `zone=${ZONE}`);
    await until(true, original);
    await talker.stop();
    await server.stop();
  });

  it('of ICMP are found by their identifier, and gone when they are flushed', async () => {
    const talker = await startTalker(real.vm(1), 'icmp', CLIENT, SERVER, 0);
    const original = tuple(1, [CLIENT, talker.port], [SERVER, talker.port]);
    await until(true, original);
    await talker.stop();
    await real.ovs.appctl('dpctl/flush-conntrack', `zone=${ZONE}`);
    await refresh();
    assert.equal(tracker.find(ZONE, original), undefined);
  });

  it('say whether sequence numbers are checked', async () => {
    assert.equal(await tracker.sequenceChecks(never()), 'on');
    await real.ovs.appctl('dpctl/ct-disable-tcp-seq-chk');
    assert.equal(await tracker.sequenceChecks(never()), 'off');
  });
});
