import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyIndex } from '../../../../adapters/nic/core/key-index.ts';
import { StatsSlots } from '../../../../adapters/nic/core/stats-slots.ts';

const STRIDE = 3;
const CAPACITY = 40;

describe('KeyIndex', () => {
  it('finds what a Map finds', () => {
    const key = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    const step = fc.record({ remove: fc.boolean(), key });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const words = new Uint32Array(CAPACITY * STRIDE);
        const index = new KeyIndex(words, STRIDE, CAPACITY);
        const model = new Map<string, number>();
        const free = Array.from({ length: CAPACITY }, (_, slot) => slot);
        for (const { remove, key: wanted } of steps) {
          const slot = model.get(wanted.join());
          assert.equal(index.find(Uint32Array.from(wanted)), slot ?? -1);
          if (remove && slot !== undefined) {
            index.remove(slot);
            model.delete(wanted.join());
            free.push(slot);
          } else if (!remove && slot === undefined) {
            const place = free.pop();
            if (place === undefined) continue;
            words.set(wanted, place * STRIDE);
            index.insert(place);
            model.set(wanted.join(), place);
          }
        }
        for (const [text, slot] of model) {
          const wanted = Uint32Array.from(text.split(',').map(Number));
          assert.equal(index.find(wanted), slot);
        }
      }),
    );
  });
});

describe('StatsSlots', () => {
  it('reuses no slot before it is drained and released', () => {
    const slots = new StatsSlots(2);
    assert.deepEqual([slots.allocate(), slots.allocate(), slots.allocate()], [0, 1, -1]);
    slots.drain(0, 1_000);
    assert.equal(slots.allocate(), -1);
    assert.ok(!slots.isDrained(0, 1_001), 'its last writer may still run');
    assert.ok(slots.isDrained(0, 1_050));
    slots.release(0);
    assert.equal(slots.allocate(), 0);
    assert.equal(slots.highWater, 2);
  });

  it('keeps the range to read as short as possible', () => {
    const slots = new StatsSlots(8);
    for (let i = 0; i < 5; i++) slots.allocate();
    for (const slot of [1, 2, 3, 4]) {
      slots.drain(slot, 0);
      slots.release(slot);
    }
    assert.equal(slots.highWater, 1);
  });

  it('leaves adopted slots alone', () => {
    const slots = new StatsSlots(4);
    slots.adopt([2, 0]);
    assert.deepEqual([slots.allocate(), slots.allocate(), slots.allocate()], [1, 3, -1]);
    assert.equal(slots.highWater, 4);
  });
});
