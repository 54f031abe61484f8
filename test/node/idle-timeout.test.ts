import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { startSender } from '../../lab/testbed/packets.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

const FLOW = 1;
const PACKETS_PER_SECOND = 500;
/** Time within which flows leave the NIC when the vSwitch must see them, ms. */
const AT_ONCE_MS = 1_000;

describe('on the real node, what the vSwitch must see of an offloaded flow', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let stream: ManagedProcess;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await fixture.rules(rule('idle_timeout=2'));
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const { node, sender } = fixture;
    stream = await startSender(sender.namespace, udpFrames(FLOW, 10), sending, node.ovs.runDir);
    daemon = await fixture.startDaemon();
  });
  after(async () => {
    await stream?.stop();
    await fixture?.tidy();
    await fixture?.node.stop();
  });

  const rule = (more: string) =>
    `priority=9,in_port=1,dl_src=${macsOf(FLOW).src},${more},actions=output:2`;

  const placed = (placement: string, withinMs = MOVE_MS) =>
    daemon.waitForFlow(
      placement,
      (flow) => isUdpFlow(FLOW)(flow) && flow.placement === placement,
      withinMs,
    );

  const rules = () => fixture.node.ovs.ofctl('dump-flows', BRIDGE);

  it('is enough for a rule with an idle time-out of 2 s', async () => {
    await placed('offload');
    await sleep(6_000);
    await placed('offload');
    assert.match(await rules(), /idle_timeout=2/);
  });

  it('is every packet when a rule has a shorter one, from its addition on', async () => {
    await placed('offload');
    await fixture.node.ovs.ofctl('add-flow', BRIDGE, 'dl_type=0x88b5,idle_timeout=1,actions=drop');
    const flow = await placed('onload', AT_ONCE_MS);
    await daemon.waitForFlow('refused', (f) => f.reason.code === 'unsupported', MOVE_MS);
    assert.match(JSON.stringify(await daemon.control.why(flow.id)), /idle time-out of 1 s/);
    const { backends } = await daemon.control.status();
    assert.match(JSON.stringify(backends[0].unservedPorts), /idle time-out of 1 s/);
    // The rule has expired and the rules are read again.
    await placed('offload', 30_000);
  });

  for (const [what, table] of [
    ['netflow', 'NetFlow'],
    ['sflow', 'sFlow'],
    ['ipfix', 'IPFIX'],
  ] as const) {
    it(`is every packet while the bridge has ${table}`, async () => {
      await placed('offload');
      const { ovs } = fixture.node;
      const create = ['--', '--id=@new', 'create', table, 'targets="127.0.0.1:9"'];
      await ovs.vsctl(...create, '--', 'set', 'Bridge', BRIDGE, `${what}=@new`);
      try {
        await placed('onload', AT_ONCE_MS);
        const exported = await daemon.waitForFlow(
          'refused',
          (f) => isUdpFlow(FLOW)(f) && f.reason.code === 'unsupported',
          MOVE_MS,
        );
        const why = JSON.stringify(await daemon.control.why(exported.id));
        assert.match(why, new RegExp(`${table} of bridge ${BRIDGE}|sample`));
      } finally {
        await ovs.vsctl('clear', 'Bridge', BRIDGE, what);
      }
    });
  }

  it('is every packet while a learned rule has a short idle time-out', async () => {
    await placed('offload');
    const learn = 'learn(table=9,idle_timeout=1,NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])';
    await fixture.rules(`in_port=1,dl_src=${macsOf(FLOW).src},actions=${learn},output:2`);
    const isRefused = (f: FlowView) => isUdpFlow(FLOW)(f) && f.reason.code === 'unsupported';
    const flow = await daemon.waitForFlow('refused', isRefused, MOVE_MS);
    assert.match(JSON.stringify(await daemon.control.why(flow.id)), /idle time-out of 1 s/);
  });
});
