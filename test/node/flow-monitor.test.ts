import assert from 'node:assert/strict';
import { median } from '../../lab/measures/median.ts';
import { measureRuleChanges } from '../../lab/rule-change.ts';
import { needsRealNode, NodeFixture } from './fixture.ts';

const CHANGES = 15;
/** Readings so far apart that polling alone could not be that quick. */
const SLOW_POLL = { poll: { periodMs: 2_000, maxPeriodMs: 2_000 }, backend: { leaseMs: 6_000 } };

describe('on the real node, a flow monitor', function () {
  this.timeout(120_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  it(`has entries removed within 100 ms of a rule's change, in the median of ${CHANGES}`, async () => {
    const daemon = await fixture.startDaemon(SLOW_POLL);
    const status = await daemon.control.status();
    assert.deepEqual([status.changes?.active, status.changes?.problem], [true, null]);
    const vms = [fixture.sender, fixture.receiver] as const;
    const times = await measureRuleChanges(fixture.node, daemon, vms, CHANGES);
    assert.ok(median(times) < 100, `median ${median(times)} ms of ${times.join(', ')}`);
  });

  it('is replaced by polling within one period where it is unavailable', async () => {
    const ovs = { flowMonitor: false, assumedIdleTimeout: 0 };
    const daemon = await fixture.startDaemon({ ovs, poll: { periodMs: 300 } });
    assert.equal((await daemon.control.status()).changes, null);
    const vms = [fixture.sender, fixture.receiver] as const;
    const times = await measureRuleChanges(fixture.node, daemon, vms, 6);
    assert.ok(Math.max(...times) < 1_000, `${times.join(', ')} ms`);
  });
});
