import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Installed, LearnedCapacity } from '../../../engine/planner/learned-capacity.ts';

const DECLARED = 1000;

/** A plan that used `used` entries without a refusal; `over` replaces some numbers. */
function plan(used: number, over: Partial<Installed> = {}): Installed {
  return { tried: 10, collided: 0, full: false, used, ...over };
}

describe('learned capacity', () => {
  it('is the declared number until the table is full', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(plan(100), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), DECLARED);
    assert.equal(capacity.planned(DECLARED, 100), DECLARED);
  });

  it('falls to the entries in use when the table is full, and rises again with time', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(plan(600, { full: true }), DECLARED, 0);
    assert.equal(capacity.entries(DECLARED), 600);
    capacity.recordInstalls(plan(600, { tried: 0 }), DECLARED, 4000);
    assert.equal(capacity.entries(DECLARED), 600);
    let last = 600;
    for (let nowMs = 5000; nowMs <= 60_000; nowMs += 5000) {
      capacity.recordInstalls(plan(last), DECLARED, nowMs);
      assert.ok(capacity.entries(DECLARED) >= last);
      last = capacity.entries(DECLARED);
    }
    assert.equal(last, DECLARED);
  });

  it('rises by 1 % again after each full table, however far it rose before', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls(plan(500, { full: true }), DECLARED, 0);
    capacity.recordInstalls(plan(500), DECLARED, 5000);
    capacity.recordInstalls(plan(505), DECLARED, 10_000);
    assert.equal(capacity.entries(DECLARED), 516, 'by 1 %, then by 2 %');
    capacity.recordInstalls(plan(500, { full: true }), DECLARED, 10_250);
    assert.equal(capacity.entries(DECLARED), 500);
    capacity.recordInstalls(plan(500), DECLARED, 15_250);
    assert.equal(capacity.entries(DECLARED), 505);
  });

  it('does not change for collisions; a small part is kept free while there are many', () => {
    const capacity = new LearnedCapacity();
    for (let n = 0; n < 100; n++) {
      capacity.recordInstalls(plan(500, { collided: 5 }), DECLARED, n * 250);
    }
    assert.equal(capacity.entries(DECLARED), DECLARED);
    assert.equal(capacity.planned(DECLARED, 500), 960);
    assert.equal(capacity.planned(DECLARED, 990), 990, 'no entry is removed for it');
    for (let n = 0; n < 100; n++) capacity.recordInstalls(plan(500), DECLARED, 30_000 + n * 250);
    assert.equal(capacity.planned(DECLARED, 500), DECLARED);
  });

  it('follows a device that declares fewer entries', () => {
    const capacity = new LearnedCapacity();
    assert.equal(capacity.entries(300), 300);
  });

  it('is at least one, and at most the declared number; at most 4 % are kept free', () => {
    const event = fc.record({
      tried: fc.nat(50),
      collided: fc.nat(50),
      full: fc.boolean(),
      used: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(event), fc.integer({ min: 1, max: 100 }), (events, declared) => {
        const capacity = new LearnedCapacity();
        events.forEach((e, i) => {
          const used = Math.min(e.used, declared);
          capacity.recordInstalls({ ...e, used }, declared, i * 3000);
          const entries = capacity.entries(declared);
          assert.ok(Number.isInteger(entries) && entries >= 1 && entries <= declared);
          const planned = capacity.planned(declared, used);
          assert.ok(planned <= entries && planned >= Math.ceil(entries * 0.96));
        });
      }),
    );
  });
});
