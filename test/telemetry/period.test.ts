import assert from 'node:assert/strict';
import { AdaptivePeriod } from '../../telemetry/period.ts';

const OPTIONS = { periodMs: 250, maxPeriodMs: 5000, sourceShare: 0.05 };

describe('adaptive period', () => {
  it('is the shortest while reading is cheap', () => {
    const period = new AdaptivePeriod(OPTIONS);
    assert.equal(period.currentMs, 250);
    period.learn(1);
    assert.equal(period.currentMs, 250);
  });

  it('keeps reading to its share of the source', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 50; i++) period.learn(100);
    assert.ok(Math.abs(period.currentMs - 2000) < 1);
  });

  it('has a longest period, and comes back', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 50; i++) period.learn(1000);
    assert.equal(period.currentMs, 5000);
    for (let i = 0; i < 50; i++) period.learn(1);
    assert.equal(period.currentMs, 250);
  });

  it('grows with readings that were given up, and comes back soon', () => {
    const period = new AdaptivePeriod(OPTIONS);
    period.learn(1);
    for (let i = 0; i < 50; i++) period.learnAtLeast(60_000);
    assert.ok(period.currentMs > 4999);
    for (let i = 0; i < 12; i++) period.learn(1);
    assert.equal(period.currentMs, 250);
  });

  it('never falls by a reading that was given up', () => {
    const period = new AdaptivePeriod(OPTIONS);
    period.learn(200);
    period.learnAtLeast(20);
    assert.equal(period.currentMs, 4000);
  });

  it('is not thrown by one slow answer', () => {
    const period = new AdaptivePeriod(OPTIONS);
    for (let i = 0; i < 10; i++) period.learn(20);
    period.learn(100);
    assert.ok(period.currentMs < 1000);
  });
});
