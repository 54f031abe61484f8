import assert from 'node:assert/strict';
import { entriesInUse, neededGain } from '../../api/status-words.ts';

describe('texts about the status', () => {
  it('show the use of a table, with the learned entries if they are fewer than declared', () => {
    const table = { used: 1_024, entries: 8_192 };
    assert.equal(entriesInUse({ ...table, learnedEntries: 8_192 }), '1,024 of 8,192 entries');
    assert.equal(
      entriesInUse({ ...table, learnedEntries: 4_000 }),
      '1,024 of 4,000 entries that fit (8,192 declared)',
    );
  });

  it('show the gain that a swap needs', () => {
    assert.equal(neededGain(null), 'no swap gains enough');
    assert.equal(neededGain(1_234), 'a swap must gain 1,234 packets/s');
  });
});
