import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Installed, LearnedCapacity } from '../../../engine/planner/learned-capacity.ts';

const DECLARED = 1000;

/** A plan that used `used` entries without a refusal; `over` replaces some numbers. */
function plan(used: number, over: Partial<Installed> = {}): Installed {
  return { tried: 10, refusedLast: 0, isSelective: false, used, ...over };
}

/** A plan with the last 10 of 20 flows refused. */
const full = (used: number): Installed => plan(used, { tried: 20, refusedLast: 10 });

describe('learned capacity', () => {
  it('is the declared number until the table is full', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(plan(100), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), DECLARED);
  });

  it('falls to the entries in use when the table refuses everyone, and rises again soon', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(full(600), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), 600);
    capacity.recordInstalls(plan(600, { tried: 0 }), DECLARED, 499);
    assert.equal(capacity.entries(DECLARED), 600);
    const rises: number[] = [];
    for (let nowMs = 500; nowMs <= 1500; nowMs += 250) {
      capacity.recordInstalls(plan(capacity.entries(DECLARED)), DECLARED, nowMs);
      rises.push(capacity.entries(DECLARED));
    }
    assert.deepEqual(rises, [601, 605, 621, 685, 941]);
    capacity.recordInstalls(plan(941), DECLARED, 1750);
    assert.equal(capacity.entries(DECLARED), DECLARED);
  });

  it('rises by one entry again after each full table, however far it rose before', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(full(500), DECLARED, 0);
    for (const nowMs of [500, 750, 1000]) capacity.recordInstalls(plan(500), DECLARED, nowMs);
    assert.equal(capacity.entries(DECLARED), 521);
    capacity.recordInstalls(full(500), DECLARED, 1250);
    assert.equal(capacity.entries(DECLARED), 500);
    capacity.recordInstalls(plan(500), DECLARED, 1749);
    assert.equal(capacity.entries(DECLARED), 500, 'not before half a second has passed');
    capacity.recordInstalls(plan(500), DECLARED, 1750);
    assert.equal(capacity.entries(DECLARED), 501);
  });

  it('does not fall while the table accepts flows after it has refused others', () => {
    const capacity = new LearnedCapacity();
    const some = { tried: 20, refusedLast: 7, isSelective: true };
    capacity.recordInstalls(plan(500, some), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), DECLARED);
    capacity.recordInstalls(plan(500, { tried: 20, refusedLast: 1 }), DECLARED, 250);
    assert.equal(capacity.entries(DECLARED), DECLARED);
  });

  it('falls with a single refusal until the table has accepted flows after one', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(plan(500, { tried: 20, refusedLast: 1 }), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), 500);
  });

  it('takes more refusals to be full, up to 64, the more often it refuses some and accepts others', () => {
    const capacity = new LearnedCapacity();
    const some = plan(500, { isSelective: true });
    for (let n = 0; n < 9; n++) capacity.recordInstalls(some, DECLARED, n);
    capacity.recordInstalls(plan(500, { tried: 100, refusedLast: 63 }), DECLARED, 10);
    assert.equal(capacity.entries(DECLARED), DECLARED);
    capacity.recordInstalls(plan(500, { tried: 100, refusedLast: 64 }), DECLARED, 11);
    assert.equal(capacity.entries(DECLARED), 500);
    // Now 32 are enough.
    for (const nowMs of [600, 850, 1100, 1350, 1600, 1850]) {
      capacity.recordInstalls(plan(500), DECLARED, nowMs);
    }
    assert.equal(capacity.entries(DECLARED), DECLARED);
    capacity.recordInstalls(plan(700, { tried: 100, refusedLast: 32 }), DECLARED, 2100);
    assert.equal(capacity.entries(DECLARED), 700);
  });

  it('follows a device that declares fewer entries', () => {
    const capacity = new LearnedCapacity();
    assert.equal(capacity.entries(300), 300);
  });

  it('is at least one, and at most the declared number', () => {
    const event = fc.record({
      tried: fc.nat(50),
      refusedLast: fc.nat(50),
      isSelective: fc.boolean(),
      used: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(event), fc.integer({ min: 1, max: 100 }), (events, declared) => {
        const capacity = new LearnedCapacity();
        events.forEach((e, i) => {
          const used = Math.min(e.used, declared);
          capacity.recordInstalls({ ...e, used }, declared, i * 300);
          const entries = capacity.entries(declared);
          assert.ok(Number.isInteger(entries) && entries >= 1 && entries <= declared);
        });
      }),
    );
  });
});
