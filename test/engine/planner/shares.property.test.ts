import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Claim, shares } from '../../../engine/planner/shares.ts';

const entries = fc.nat(500);
const claim: fc.Arbitrary<Claim> = fc.record({
  weight: fc.constantFrom(0.5, 1, 2, 3),
  guaranteed: fc.nat(100),
  maximum: fc.nat(300),
  wanted: fc.nat(400),
});
const claims = fc.array(claim, { minLength: 1, maxLength: 12 });

const cap = (c: Claim): number => Math.min(c.wanted, c.maximum);
const promised = (c: Claim): number => Math.min(c.guaranteed, cap(c));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('shares', () => {
  it('divide the rest by weight after guarantees', () => {
    const all = { maximum: 1000, wanted: 1000 };
    const three = [
      { weight: 1, guaranteed: 0, ...all },
      { weight: 3, guaranteed: 20, ...all },
      { weight: 1, guaranteed: 0, ...all },
    ];
    assert.deepEqual(shares(three, 120), [20, 80, 20]);
  });

  it('lend entries that are not wanted, and shrink guarantees that exceed the table', () => {
    const all = { weight: 1, maximum: 100 };
    assert.deepEqual(
      shares(
        [
          { ...all, guaranteed: 50, wanted: 10 },
          { ...all, guaranteed: 0, wanted: 100 },
        ],
        100,
      ),
      [10, 90],
    );
    assert.deepEqual(
      shares(
        [
          { ...all, guaranteed: 60, wanted: 100 },
          { ...all, guaranteed: 30, wanted: 100 },
        ],
        45,
      ),
      [30, 15],
    );
  });

  it('are integers within table, demand and maximum, and leave no wanted entry unassigned', () => {
    fc.assert(
      fc.property(claims, entries, (list, n) => {
        const parts = shares(list, n);
        parts.forEach((part, i) => {
          assert.ok(Number.isInteger(part) && part >= 0 && part <= cap(list[i]));
        });
        assert.ok(sum(parts) <= n);
        assert.equal(sum(parts), Math.min(n, sum(list.map(cap))));
      }),
    );
  });

  it('keep guarantees that fit, whatever the others want', () => {
    fc.assert(
      fc.property(claims, entries, (list, n) => {
        fc.pre(sum(list.map((c) => c.guaranteed)) <= n);
        shares(list, n).forEach((part, i) => assert.ok(part >= promised(list[i])));
      }),
    );
  });

  it('are fair: a claim with less of the rest per weight than another has reached its cap', () => {
    fc.assert(
      fc.property(claims, entries, (list, n) => {
        fc.pre(sum(list.map(promised)) <= n);
        const parts = shares(list, n);
        const level = (i: number): number => (parts[i] - promised(list[i])) / list[i].weight;
        for (let i = 0; i < list.length; i++) {
          if (parts[i] >= cap(list[i])) continue;
          for (let j = 0; j < list.length; j++) {
            // Rounding to integers may shift one entry either way.
            const slack = 1 / list[i].weight + 1 / list[j].weight;
            if (parts[j] > promised(list[j])) assert.ok(level(j) <= level(i) + slack + 1e-6);
          }
        }
      }),
    );
  });
});
