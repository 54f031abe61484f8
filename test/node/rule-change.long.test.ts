import assert from 'node:assert/strict';
import { EntryWatch } from '../../lab/connections/entry-watch.ts';
import { RuleWatch } from '../../lab/connections/rule-watch.ts';
import { median } from '../../lab/measures/median.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { MOVE_MS, needsRealNode, NodeFixture, STATEFUL_ACL } from './fixture.ts';

const CHANGES = 7;
/** A fifth of the longest time in which ovs-vswitchd revalidates its megaflows (max-revalidator). */
const MAX_MEDIAN_MS = 500 / 5;

const ESTABLISHED = 'table=1,ip,in_port=1,ct_state=+est+trk,actions=';

describe('on the real node, changes of rules under connections', function () {
  this.timeout(180_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await fixture.rules(...STATEFUL_ACL);
    await fixture.node.ovs.appctl('dpctl/ct-disable-tcp-seq-chk');
    await startIperf3Server(fixture.receiver.namespace);
    daemon = await fixture.startDaemon({ connections: {} });
  });
  after(async () => {
    await fixture?.tidy();
    await fixture?.node.stop();
  });

  it('take the entry away soon after the vSwitch has changed', async () => {
    const reactions: number[] = [];
    await fixture.startTcp(150);
    for (let i = 0; i < CHANGES; i++) {
      await fixture.waitForTcpOffloaded(daemon);
      // The rule is that of the sender's packets.
      const watch = () => EntryWatch.start(daemon, fixture.sender.name);
      const entry = await waitFor('an entry that has carried', watch, { timeoutMs: MOVE_MS });
      const rules = await RuleWatch.start(fixture.node, BRIDGE);
      try {
        await fixture.node.ovs.ofctl('mod-flows', BRIDGE, `${ESTABLISHED}drop`);
        const wait = { timeoutMs: MOVE_MS, everyMs: 2 };
        const changedMs = await waitFor('the vSwitch changes', () => rules.firstChangeMs, wait);
        const goneMs = await waitFor('the entry is gone', () => entry.goneMs, wait);
        reactions.push(goneMs - changedMs);
      } finally {
        entry.stop();
        await rules.stop();
        await fixture.node.ovs.ofctl('mod-flows', BRIDGE, `${ESTABLISHED}output:2`);
      }
    }
    const each = reactions.map((ms) => ms.toFixed(0)).join(', ');
    assert(median(reactions) <= MAX_MEDIAN_MS, `ms from the change to the removal: ${each}`);
    console.log(`      ms from the change to the removal: ${each}`);
  });
});
