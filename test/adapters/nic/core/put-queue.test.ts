import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { KEY_WORDS } from '../../../../adapters/nic/core/entry-table.ts';
import { VALUE_WORDS } from '../../../../adapters/nic/core/entry-value.ts';
import { ENTRY } from '../../../../adapters/nic/core/entry-value.ts';
import { PutBatch } from '../../../../adapters/nic/core/put-batch.ts';
import { PutQueue } from '../../../../adapters/nic/core/put-queue.ts';

const BATCH = 2;

function fill(batch: PutBatch, slots: readonly number[]): void {
  for (const slot of slots) {
    const key = new Uint32Array(KEY_WORDS).fill(slot);
    batch.add(slot, slot + 100, key, new Uint32Array(VALUE_WORDS).fill(slot));
  }
}

describe('PutQueue', () => {
  /** A queue whose writes end when the test says so. */
  function setUp() {
    const written: number[][] = [];
    const ends: (() => void)[] = [];
    const queue = new PutQueue(BATCH, (batch) => {
      written.push([...batch.slots.subarray(0, batch.count)]);
      return new Promise((resolve) => ends.push(resolve));
    });
    const end = async (): Promise<void> => {
      const next = ends.shift();
      assert(next !== undefined, 'nothing is being written');
      next();
      await turn();
    };
    return { queue, written, end, writing: () => ends.length };
  }

  it('writes one batch at a time, in order, while others are filled', async () => {
    const { queue, written, end, writing } = setUp();
    fill(queue.filling, [1, 2]);
    assert(queue.filling.isFull);
    await queue.submit();
    fill(queue.filling, [3]);
    await queue.submit();
    assert.deepEqual([written, writing()], [[[1, 2]], 1]);
    await end();
    assert.deepEqual([written, writing()], [[[1, 2], [3]], 1]);
    assert(queue.isWriting);
    await end();
    assert(!queue.isWriting);
    await queue.written();
  });

  it('submits nothing when no entry was added', async () => {
    const { queue, written } = setUp();
    await queue.submit();
    await queue.written();
    assert.deepEqual(written, []);
  });

  it('waits for a write once eight batches are waiting', async () => {
    const { queue, end } = setUp();
    for (let i = 0; i < 7; i++) {
      fill(queue.filling, [i]);
      await queue.submit();
    }
    fill(queue.filling, [7]);
    let isSubmitted = false;
    const submitting = queue.submit().then(() => (isSubmitted = true));
    await turn();
    assert(!isSubmitted);
    await end();
    await submitting;
    const last = queue.written();
    for (let i = 1; i < 8; i++) await end();
    await last;
  });

  it('gives a batch that is being written to no one else', async () => {
    const { queue, end } = setUp();
    const first = queue.filling;
    fill(first, [1]);
    await queue.submit();
    assert.notEqual(queue.filling, first);
    assert.equal(first.count, 1);
    await end();
    assert.equal(first.count, 0);
  });
});

describe('PutBatch', () => {
  it('drops entries, and keeps the words of the others together with their slots', () => {
    const batch = new PutBatch(3);
    fill(batch, [5, 6, 7]);
    batch.keep((slot) => slot !== 6);
    assert.equal(batch.count, 2);
    assert.deepEqual([...batch.slots.subarray(0, 2)], [5, 7]);
    assert.deepEqual([...batch.results.subarray(0, 2)], [105, 107]);
    assert.deepEqual([batch.keys[0], batch.keys[KEY_WORDS], batch.values[VALUE_WORDS]], [5, 7, 7]);
  });

  it('sets the times of its entries, and nothing else', () => {
    const batch = new PutBatch(3);
    fill(batch, [5, 6]);
    batch.setTimes(0x1_0000_0002n, 0x3_0000_0004n);
    for (const row of [0, 1]) {
      const words = [...batch.values.subarray(row * VALUE_WORDS, (row + 1) * VALUE_WORDS)];
      assert.equal(ENTRY.lastLeftNs, 0);
      assert.deepEqual(words.slice(0, 4), [2, 1, 4, 3]);
      assert(words.slice(4).every((word) => word === row + 5));
    }
    assert.equal(batch.values[2 * VALUE_WORDS], 0);
  });
});
