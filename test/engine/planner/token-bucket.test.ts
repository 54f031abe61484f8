import assert from 'node:assert/strict';
import { TokenBucket } from '../../../engine/planner/token-bucket.ts';

describe('token bucket', () => {
  it('starts full, refills with time and never holds more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    assert.equal(bucket.available(0), 5);
    bucket.take(5);
    assert.equal(bucket.available(0), 0);
    assert.equal(bucket.available(250), 2);
    assert.equal(bucket.available(60_000), 5);
  });

  it('lets safety take from an empty bucket without going into debt', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    bucket.available(0);
    bucket.take(50);
    assert.equal(bucket.available(100), 1);
  });
});
