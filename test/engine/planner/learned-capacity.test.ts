import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LearnedCapacity } from '../../../engine/planner/learned-capacity.ts';

describe('learned capacity', () => {
  it('is the declared number until an entry is refused', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls({ accepted: 100, refused: 0, used: 100 }, 1000, 0);
    assert.equal(capacity.entries(1000), 1000);
  });

  it('falls to the entries in use when most are refused, and rises again with time', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls({ accepted: 10, refused: 90, used: 600 }, 1000, 0);
    assert.equal(capacity.entries(1000), 600);
    capacity.recordInstalls({ accepted: 0, refused: 0, used: 600 }, 1000, 4000);
    assert.equal(capacity.entries(1000), 600);
    let last = 600;
    for (let nowMs = 5000; nowMs <= 60_000; nowMs += 5000) {
      capacity.recordInstalls({ accepted: 1, refused: 0, used: last }, 1000, nowMs);
      assert.ok(capacity.entries(1000) >= last);
      last = capacity.entries(1000);
    }
    assert.equal(last, 1000);
  });

  it('hardly falls for single collisions in a table with room', () => {
    const capacity = new LearnedCapacity();
    capacity.recordInstalls({ accepted: 95, refused: 5, used: 500 }, 1000, 0);
    assert.ok(capacity.entries(1000) > 900);
  });

  it('follows a device that declares fewer entries', () => {
    const capacity = new LearnedCapacity();
    assert.equal(capacity.entries(300), 300);
  });

  it('is at least one, and at most the declared number', () => {
    const event = fc.record({ accepted: fc.nat(50), refused: fc.nat(50), used: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(event), fc.integer({ min: 1, max: 100 }), (events, declared) => {
        const capacity = new LearnedCapacity();
        events.forEach((e, i) => {
          capacity.recordInstalls({ ...e, used: Math.min(e.used, declared) }, declared, i * 3000);
          const entries = capacity.entries(declared);
          assert.ok(Number.isInteger(entries) && entries >= 1 && entries <= declared);
        });
      }),
    );
  });
});
