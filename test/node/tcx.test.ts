import assert from 'node:assert/strict';
import { startSender } from '../../lab/testbed/packets.ts';
import { needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

describe('on the real node with the userspace datapath, the tcx backend', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  it('serves no port, and says what to do', async () => {
    const { node, sender } = fixture;
    await fixture.rules('in_port=1,actions=output:2');
    const daemon = await fixture.startDaemon({ backend: { adapter: 'tcx' } });
    await startSender(
      sender.namespace,
      udpFrames(1, 10),
      { packetsPerSecond: 100, rounds: 0 },
      node.ovs.runDir,
    );
    const refused = await daemon.waitForFlow(
      'a flow that tcx refuses',
      ({ inPort, reason }) => inPort === sender.name && reason.code === 'unsupported',
      10_000,
    );
    assert.deepEqual([refused.placement, refused.carriedBytes], ['onload', 0]);
    const answer = await daemon.control.why(refused.id);
    assert.ok(answer.found);
    assert.equal(answer.why.refusal?.code, 'port-unavailable');
    assert.match(
      answer.why.refusal.detail,
      /has the userspace datapath \(datapath_type netdev\), .*: set backend\.adapter to "auto"/,
    );
    const { backend } = await daemon.control.status();
    assert.equal(backend?.name, 'tcx');
    assert.deepEqual(backend.unservedPorts.map(({ name }) => name).toSorted(), ['vm1', 'vm2']);
    assert.match(await daemon.command('status'), /vm1 not served: .*userspace datapath/);
  });
});
