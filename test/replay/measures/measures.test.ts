import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LogHistogram } from '../../../replay/measures/log-histogram.ts';
import { TimeBuckets } from '../../../replay/measures/time-buckets.ts';

describe('replay: measures', () => {
  it('time buckets: keep sums and maxima in a bounded number of buckets', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(100)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(spans, (all) => {
        const buckets = new TimeBuckets(2, [1], 250, 8);
        let atMs = 0;
        for (const [ms, value] of all) {
          buckets.add(0, atMs, atMs + ms, value);
          buckets.add(1, atMs, atMs + ms, value);
          atMs += ms;
        }
        assert.ok(buckets.count <= 8);
        assert.ok(buckets.count * buckets.widthMs >= atMs);
        assert.ok((buckets.count - 1) * buckets.widthMs < atMs);
        const sum = buckets.column(0).reduce((a, b) => a + b, 0);
        const expected = all.reduce((a, [, value]) => a + value, 0);
        assert.ok(Math.abs(sum - expected) < 1e-6, `${sum} is not ${expected}`);
        assert.equal(Math.max(...buckets.column(1)), Math.max(...all.map(([, value]) => value)));
      }),
    );
  });

  it('time buckets: add a value within one bucket to that bucket alone', () => {
    const buckets = new TimeBuckets(1, [], 250, 4);
    for (let tick = 0; tick < 4; tick++) buckets.add(0, tick * 250, (tick + 1) * 250, tick + 1);
    assert.deepEqual(buckets.column(0), [1, 2, 3, 4]);
    buckets.add(0, 1000, 1250, 5);
    assert.deepEqual([buckets.widthMs, ...buckets.column(0)], [500, 3, 7, 5]);
  });

  it('histogram: percentiles are within 4.5 %, and between minimum and maximum', () => {
    const times = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const histogram = new LogHistogram();
        for (const ms of all) histogram.add(ms);
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * all.length)) - 1];
        const found = histogram.quantile(share) ?? Number.NaN;
        assert.ok(Math.abs(found - exact) <= Math.max(exact * 0.045, 1.1), `${found}, ${exact}`);
        assert.ok(found >= sorted[0] && found <= sorted[sorted.length - 1]);
        const counted = histogram.octaves().reduce((sum, o) => sum + o.count, 0);
        assert.equal(counted, all.length);
      }),
    );
    assert.equal(new LogHistogram().quantile(0.5), undefined);
    assert.deepEqual(new LogHistogram().octaves(), []);
  });
});
