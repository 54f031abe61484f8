import assert from 'node:assert/strict';
import type { SystemResult } from '../../../lab/offload-peer/experiment.ts';
import { runInGuest } from '../../../lab/offload-peer/on-host.ts';
import { makeScene, type SceneChoice } from '../../../lab/offload-peer/scenes.ts';
import { needs } from '../../support/needs.ts';

const QUICK: SceneChoice = { name: 'rates', quick: true };

describe("lab offload-peer --quick, Open vSwitch's own offload", function () {
  this.timeout(10 * 60_000);
  let result: SystemResult | undefined;

  before(async function () {
    needs(this, 'kernel-guests');
    result = await runInGuest('ovs', QUICK);
  });

  it('carries a part of the scene, whose flows compete for a full table', () => {
    assert(result !== undefined);
    const { sentBytes, carriedBytes, insertions, refusals } = result;
    assert(carriedBytes > 0 && carriedBytes < sentBytes, `${carriedBytes} of ${sentBytes}`);
    assert(insertions >= makeScene(QUICK).entries, `${insertions} insertions`);
    assert(refusals > 0, 'the table was never full');
  });

  it('shows when it began to carry each probe, and the largest flow that it left out', () => {
    assert(result !== undefined);
    assert.equal(result.reactionMs.length, makeScene(QUICK).probes.length);
    assert.match(result.leftOut, /^ufid:.*, dp:ovs,/);
  });
});
