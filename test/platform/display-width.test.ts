import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cutToWidth, displayWidth } from '../../platform/display-width.ts';
import { fitted, textTable } from '../../platform/text-table.ts';

/** The letter e with a combining accent. */
const ACCENTED = 'e\u0301';

describe('display width', () => {
  it('is two for a CJK character, and zero for a combining accent', () => {
    assert.equal(displayWidth('vm1'), 3);
    assert.equal(displayWidth('東京'), 4);
    assert.equal(displayWidth('서울1'), 5);
    assert.equal(displayWidth(`caf${ACCENTED}`), 4);
    assert.equal(displayWidth(''), 0);
  });

  it('limits a cut text without splitting a character', () => {
    assert.equal(cutToWidth('東京都', 5), '東京');
    assert.equal(cutToWidth('東京都', 6), '東京都');
    assert.equal(cutToWidth(`${ACCENTED}x`, 1), ACCENTED);
    assert.equal(cutToWidth('vm1', 2), 'vm');
    assert.equal(cutToWidth('vm1', -1), '');
    assert.equal(cutToWidth('東', -1), '');
  });

  it('is exact after fitting, for any text', () => {
    const part = fc.constantFrom('a', '東', ACCENTED, '👩‍👩‍👧', ' ', '…', '🇯🇵');
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), fc.boolean(), (t, width, left) => {
        const line = fitted(t, width, left ? 'left' : 'right');
        assert.equal(displayWidth(line), width, JSON.stringify(line));
      }),
    );
  });

  it('aligns the columns of a table', () => {
    const lines = textTable(
      [
        { title: 'PORT', align: 'left', text: (row: readonly string[]) => row[0] },
        { title: 'RATE', align: 'right', text: (row: readonly string[]) => row[1] },
        { title: 'SLICE', align: 'left', text: (row: readonly string[]) => row[2] },
      ],
      [
        ['vm1', '5', 'red'],
        ['東京仮想', '12', '赤'],
        [`caf${ACCENTED}`, '7', 'blue'],
      ],
      80,
      (title) => title,
    );
    assert.deepEqual(lines, [
      'PORT      RATE  SLICE',
      'vm1          5  red',
      '東京仮想    12  赤',
      `caf${ACCENTED}         7  blue`,
    ]);
  });
});
