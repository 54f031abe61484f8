import assert from 'node:assert/strict';
import { TokenBucket } from '../../../engine/planner/token-bucket.ts';

describe('token bucket', () => {
  it('starts full, refills with time and never holds more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    assert.equal(bucket.available(0), 5);
    bucket.spend(5);
    assert.equal(bucket.available(0), 0);
    assert.equal(bucket.available(250), 2);
    assert.equal(bucket.available(60_000), 5);
  });

  it('never goes below zero when operations for safety spend more than there is', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    bucket.available(0);
    bucket.spend(50);
    assert.equal(bucket.available(100), 1);
  });
});
