import assert from 'node:assert/strict';
import type { SystemResult } from '../../../lab/offload-peer/experiment.ts';
import { runInGuest } from '../../../lab/offload-peer/on-host.ts';
import { QUICK_SCENE } from '../../../lab/offload-peer/scene.ts';
import { needs } from '../../support/needs.ts';

describe("lab offload-peer --quick, Open vSwitch's own offload", function () {
  this.timeout(10 * 60_000);
  let result: SystemResult | undefined;

  before(async function () {
    needs(this, 'kernel-guests');
    result = await runInGuest('ovs', QUICK_SCENE);
  });

  it('carries a part of the scene, whose flows compete for a full table', () => {
    assert(result !== undefined);
    const { sentBytes, carriedBytes, insertions, refusals } = result;
    assert(carriedBytes > 0 && carriedBytes < sentBytes, `${carriedBytes} of ${sentBytes}`);
    assert(insertions >= QUICK_SCENE.entries, `${insertions} insertions`);
    assert(refusals > 0, 'the table was never full');
  });

  it('shows when it began to carry each probe, and the largest flow that it left out', () => {
    assert(result !== undefined);
    assert.equal(result.reactionMs.length, QUICK_SCENE.probes);
    assert.match(result.leftOut, /^ufid:.*, dp:ovs,/);
  });
});
