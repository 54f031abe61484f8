import assert from 'node:assert/strict';
import { AdaptivePeriod } from '../../telemetry/period.ts';

const OPTIONS = { periodMs: 250, maxPeriodMs: 5000, sourceShare: 0.05 };

describe('adaptive period', () => {
  it('is the minimum while reading is cheap', () => {
    const period = new AdaptivePeriod(OPTIONS);
    assert.equal(period.currentMs, 250);
    period.recordCost(1);
    assert.equal(period.currentMs, 250);
  });

  it('limits reading to its share of the source’s time', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 50; i++) period.recordCost(100);
    assert.ok(Math.abs(period.currentMs - 2000) < 1);
  });

  it('is short enough for the lease, if that is possible with half of the source’s time', () => {
    const period = new AdaptivePeriod(OPTIONS, 3000);
    for (let i = 0; i < 50; i++) period.recordCost(100);
    assert.ok(Math.abs(period.currentMs - 2000) < 1, 'its share is enough');
    for (let i = 0; i < 50; i++) period.recordCost(500);
    assert.ok(Math.abs(period.currentMs - (3000 - 500 - 500)) < 1);
    for (let i = 0; i < 50; i++) period.recordCost(1500);
    assert.equal(period.currentMs, 5000, 'the lease expires in any case');
  });

  it('need not follow the lease while entries are verified between readings', () => {
    const period = new AdaptivePeriod(OPTIONS, 3000);
    for (let i = 0; i < 50; i++) period.recordCost(100);
    assert.equal(period.isTooRareForLease, false);
    for (let i = 0; i < 50; i++) period.recordCost(200);
    assert.equal(period.isTooRareForLease, true);
    assert.ok(Math.abs(period.currentMs - (3000 - 200 - 500)) < 1);
    period.verifiesEntries = true;
    assert.ok(Math.abs(period.currentMs - 4000) < 1);
    assert.equal(period.isTooRareForLease, true);
  });

  it('has a maximum, and recovers', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 50; i++) period.recordCost(1000);
    assert.equal(period.currentMs, 5000);
    for (let i = 0; i < 50; i++) period.recordCost(1);
    assert.equal(period.currentMs, 250);
  });

  it('grows with time-outs, and recovers soon', () => {
    const period = new AdaptivePeriod(OPTIONS);
    period.recordCost(1);
    for (let i = 0; i < 50; i++) period.recordTimeout(60_000);
    assert.ok(period.currentMs > 4999);
    for (let i = 0; i < 12; i++) period.recordCost(1);
    assert.equal(period.currentMs, 250);
  });

  it('never shrinks after a time-out', () => {
    const period = new AdaptivePeriod(OPTIONS);
    period.recordCost(200);
    period.recordTimeout(20);
    assert.equal(period.currentMs, 4000);
  });

  it('does not jump after one slow answer', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 10; i++) period.recordCost(20);
    period.recordCost(100);
    assert.ok(period.currentMs < 1000);
  });

  it('is longer while the loop is idle: eight times the minimum, or a fifth of the share', () => {
    const period = new AdaptivePeriod(OPTIONS);
    period.quietMs = 0;
    assert.equal(period.currentMs, 2000);
    for (let i = 0; i < 50; i++) period.recordCost(40);
    assert.ok(Math.abs(period.currentMs - 4000) < 1);
    for (let i = 0; i < 50; i++) period.recordCost(400);
    assert.equal(period.currentMs, 5000);
    period.quietMs = undefined;
    for (let i = 0; i < 50; i++) period.recordCost(1);
    assert.equal(period.currentMs, 250);
  });

  it('grows with the time that the loop is idle for, to a thousandth of the source’s time', () => {
    const period = new AdaptivePeriod({ ...OPTIONS, maxPeriodMs: 2000, maxIdlePeriodMs: 10_000 });
    const after = (quietMs: number): number => {
      period.quietMs = quietMs;
      return Math.round(period.currentMs);
    };
    for (let i = 0; i < 50; i++) period.recordCost(30);
    assert.deepEqual(
      [0, 8_000, 20_000, 40_000, 1e6].map(after),
      [2000, 2000, 5000, 10_000, 10_000],
    );
    for (let i = 0; i < 50; i++) period.recordCost(3);
    assert.deepEqual([0, 20_000, 1e6].map(after), [2000, 3000, 3000]);
    for (let i = 0; i < 50; i++) period.recordCost(1);
    assert.equal(after(1e6), 2000, 'what costs next to nothing need not be rarer');
    period.quietMs = undefined;
    assert.equal(period.currentMs, 250);
  });

  it('is never too rare for the lease while the loop is idle: the table is empty', () => {
    const period = new AdaptivePeriod({ ...OPTIONS, maxIdlePeriodMs: 10_000 }, 3000);
    for (let i = 0; i < 50; i++) period.recordCost(200);
    assert.equal(period.isTooRareForLease, true);
    period.quietMs = 1e6;
    assert.equal(period.isTooRareForLease, false);
    assert.equal(period.currentMs, 10_000);
  });
});
