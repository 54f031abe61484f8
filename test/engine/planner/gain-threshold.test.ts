import assert from 'node:assert/strict';
import { GainThreshold } from '../../../engine/planner/gain-threshold.ts';

function thresholdOf(gains: readonly number[], worth: number): number {
  return new GainThreshold().compute(Float64Array.from(gains), gains.length, worth);
}

describe('the gain that a swap needs', () => {
  it('skips swaps that together gain less than 0.5 % of the worth of all placed flows', () => {
    assert.equal(thresholdOf([100, 90, 80], 100_000), Number.POSITIVE_INFINITY);
    assert.ok(thresholdOf([100, 90, 80], 1000) <= 80);
  });

  it('skips the smallest swaps, which together gain less than 8 % of what all would', () => {
    const mice = Array.from({ length: 70 }, () => 1);
    const gain = thresholdOf([1000, ...mice], 0);
    assert.ok(gain > 1 && gain <= 1000, `${gain}`);
    const more = Array.from({ length: 140 }, () => 1);
    assert.ok(thresholdOf([1000, ...more], 0) <= 1, 'with more of them, the mice count');
  });

  it('is 0 without swaps, and for swaps that are due in any case', () => {
    assert.equal(thresholdOf([], 1000), 0);
    assert.equal(thresholdOf([Number.NaN], 1000), 0);
  });
});
