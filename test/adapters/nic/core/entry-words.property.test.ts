import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EntryTable, KEY_WORDS } from '../../../../adapters/nic/core/entry-table.ts';
import { ENTRY, VALUE_WORDS } from '../../../../adapters/nic/core/entry-value.ts';
import { PutBatch } from '../../../../adapters/nic/core/put-batch.ts';
import { flowId } from '../../../support/flows.ts';

const SLOTS = 4;
const UFID = ENTRY.ufid / 4;
const FLAGS = ENTRY.flags / 4;

/** A value with few different words; without flags, all words behind them are zero. */
const value = fc
  .record({ port: fc.nat(1), flags: fc.nat(2), rewrite: fc.nat(2) })
  .map(({ port, flags, rewrite }) => {
    const words = new Uint32Array(VALUE_WORDS);
    words[ENTRY.outPort / 4] = port;
    words[FLAGS] = flags;
    if (flags !== 0) words.fill(rewrite, FLAGS + 1);
    return words;
  });
const writes = fc.array(fc.record({ slot: fc.nat(SLOTS - 1), value }), { maxLength: 40 });

describe('words of an entry', () => {
  it('are compared with all of those that the entry has now', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const table = new EntryTable(SLOTS, SLOTS);
        const now = new Map<number, Uint32Array>();
        for (let slot = 0; slot < SLOTS; slot++) {
          const first = new Uint32Array(VALUE_WORDS);
          table.add(slot, flowId(slot), new Uint32Array(KEY_WORDS).fill(slot), first, 1);
          now.set(slot, first);
        }
        for (const { slot, value: words } of list) {
          const old = now.get(slot);
          assert.equal(table.isSame(slot, words), old?.join() === words.join());
          table.replaceValue(slot, words);
          now.set(slot, words);
          assert(table.isSame(slot, words));
          assert(table.names(slot, words[ENTRY.outPort / 4]));
        }
      }),
    );
  });

  it('are in a batch as they were added, whatever the batch had before', () => {
    fc.assert(
      fc.property(fc.array(writes, { maxLength: 4 }), (fillings) => {
        const batch = new PutBatch(40);
        for (const list of fillings) {
          batch.clear();
          for (const { slot, value: words } of list) {
            batch.add(slot, 0, new Uint32Array(KEY_WORDS), words);
          }
          batch.keep((slot) => slot !== 1);
          const kept = list.filter(({ slot }) => slot !== 1);
          const added = batch.values.subarray(0, kept.length * VALUE_WORDS);
          assert.deepEqual(
            [...added],
            kept.flatMap(({ value: words }) => [...words]),
          );
          batch.setTimes(5n, 7n);
          assert.equal(added.length === 0 || added[UFID - 2], added.length === 0 || 7);
        }
      }),
    );
  });
});
