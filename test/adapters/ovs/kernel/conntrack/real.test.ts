import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { KernelConnectionTracker } from '../../../../../adapters/ovs/kernel/conntrack/tracker.ts';
import type { ConnectionTuple } from '../../../../../engine/model/connection.ts';
import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { inNetworkNamespace } from '../../../../../lab/testbed/network-namespace.ts';
import { startAnswerer, startTalker } from '../../../../../lab/testbed/talk.ts';
import { waitFor } from '../../../../../lab/testbed/wait.ts';
import { CONNTRACK_MESSAGE, NFGENMSG_BYTES } from '../../../../../protocols/netlink/conntrack.ts';
import { NetlinkRequests } from '../../../../../protocols/netlink/requests.ts';
import { NetlinkSocket, PROTOCOL } from '../../../../../protocols/netlink/socket.ts';
import { never } from '../../../../contract/collect.ts';
import { needs } from '../../../../support/needs.ts';

const ZONE = 7;
const PATIENCE = { timeoutMs: 10_000, everyMs: 50 };
const LOOPBACK = '127.0.0.1';

/** Tracks the loopback in a zone, as `ct(commit,zone=7,exec(set mark))` does. */
const RULES = `table ip t {
  chain t_out { type filter hook output priority raw; ct zone set ${ZONE}; }
  chain t_in { type filter hook prerouting priority raw; ct zone set ${ZONE}; }
  chain t_mark { type filter hook input priority 0; ct state new ct mark set 0x2a; }
}`;

function tuple(protocol: number, srcPort: number, dstPort: number): ConnectionTuple {
  const address = Uint8Array.of(127, 0, 0, 1);
  return { ipVersion: 4, protocol, src: address, dst: address, srcPort, dstPort };
}

describe("connections of this kernel's conntrack", function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let namespace: Namespace;
  let tracker: KernelConnectionTracker | undefined;
  let changes = 0;
  const open = (protocol: number): NetlinkSocket =>
    inNetworkNamespace(namespace.name, () => new NetlinkSocket(protocol));

  before(async function () {
    needs(this, 'root', 'netns', 'nft', 'debian-python3');
    if (!existsSync('/proc/sys/net/netfilter/nf_conntrack_count')) this.skip();
    namespace = await Namespace.create(cleanup, new NameMaker());
    await namespace.exec('nft', ['-f', '-'], { input: RULES });
    tracker = new KernelConnectionTracker({
      timeoutMs: 5_000,
      open,
      setting: async (name) =>
        inNetworkNamespace(namespace.name, () =>
          readFileSync(`/proc/sys/net/netfilter/${name}`, 'latin1'),
        ),
    });
    tracker.onChange(() => changes++);
  });
  after(async () => {
    await tracker?.close();
    await cleanup.run();
  });

  function known(): KernelConnectionTracker {
    assert(tracker !== undefined);
    return tracker;
  }

  /** Refreshes until the connection is established, or not. */
  const until = (isEstablished: boolean, one: ConnectionTuple): Promise<true> =>
    waitFor(
      `established: ${isEstablished}`,
      async () => {
        await known().refresh(never());
        const found = known().find(ZONE, one)?.connection;
        return found?.isEstablished === isEstablished || undefined;
      },
      PATIENCE,
    );

  it('have zone, mark and state, and are announced when the kernel destroys them', async () => {
    const server = await startAnswerer(namespace, 'tcp', LOOPBACK, 5_201);
    const talker = await startTalker(namespace, 'tcp', LOOPBACK, LOOPBACK, 5_201);
    const original = tuple(6, talker.port, 5_201);
    await until(true, original);
    const reply = tuple(6, 5_201, talker.port);
    assert.deepEqual(known().find(ZONE, reply), {
      direction: 'reply',
      connection: {
        zone: ZONE,
        original,
        reply,
        isEstablished: true,
        mark: 0x2a,
        labels: new Uint8Array(16),
      },
    });
    const before = changes;
    const requests = new NetlinkRequests(PROTOCOL.netfilter, { timeoutMs: 5_000, open });
    await requests.request({
      name: 'IPCTNL_MSG_CT_DELETE',
      type: CONNTRACK_MESSAGE.delete,
      payload: Buffer.alloc(NFGENMSG_BYTES),
    });
    requests.close();
    await waitFor('the announcement', () => changes > before || undefined, PATIENCE);
    assert.equal(known().find(ZONE, original), undefined);
    await talker.stop();
    await server.stop();
  });

  it('of UDP are established once they are answered', async () => {
    const server = await startAnswerer(namespace, 'udp', LOOPBACK, 5_202);
    const talker = await startTalker(namespace, 'udp', LOOPBACK, LOOPBACK, 5_202);
    const original = tuple(17, talker.port, 5_202);
    await until(false, original);
    server.answer();
    await until(true, original);
    await talker.stop();
    await server.stop();
  });

  it('are no longer established when one end closes', async () => {
    const server = await startAnswerer(namespace, 'tcp', LOOPBACK, 5_203);
    const talker = await startTalker(namespace, 'tcp', LOOPBACK, LOOPBACK, 5_203);
    const original = tuple(6, talker.port, 5_203);
    await until(true, original);
    await talker.stop();
    await until(false, original);
    await server.stop();
  });

  it('say whether sequence numbers are checked', async () => {
    assert.equal(await known().sequenceChecks(), 'on');
    const liberal = '/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal';
    await namespace.exec('sh', ['-c', `echo 1 > ${liberal}`]);
    assert.equal(await known().sequenceChecks(), 'off');
  });
});
