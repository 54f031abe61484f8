import assert from 'node:assert/strict';
import { runOffloadPeer } from '../../../lab/offload-peer/on-host.ts';
import type { PeerReport } from '../../../lab/offload-peer/report.ts';
import { QUICK_SCENE } from '../../../lab/offload-peer/scene.ts';
import { needs } from '../../support/needs.ts';

describe('lab offload-peer --quick', function () {
  this.timeout(10 * 60_000);
  let report: PeerReport | undefined;

  before(async function () {
    needs(this, 'kernel-guests');
    report = await runOffloadPeer(QUICK_SCENE);
  });

  it('sends both systems the same, which compete for a full table', () => {
    assert(report !== undefined);
    const { bytes, operations, scene } = report;
    assert.equal(bytes.norikae.sent, bytes.ovs.sent);
    assert(operations.ovs.refusals > 0, 'the table of Open vSwitch was not full');
    for (const system of ['norikae', 'ovs'] as const) {
      assert(bytes[system].carried > 0 && bytes[system].carried < bytes[system].sent, system);
      assert(operations[system].insertions >= scene.entries, system);
    }
  });

  it('shows that Norikae carries a flow that begins while the table is full, and says why not others', () => {
    assert(report !== undefined);
    assert(report.reactionMs.norikae !== null);
    assert.match(report.leftOut.norikae, /udp/);
    assert.match(report.leftOut.ovs, /^ufid:/);
  });
});
