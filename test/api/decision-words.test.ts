import assert from 'node:assert/strict';
import type { DecisionRecord } from '../../api/decision-record.ts';
import { ledBy } from '../../api/decision-words.ts';
import { decisionLine } from '../../views/decision-line.ts';
import { coloursOf } from '../../platform/terminal.ts';
import { decisionOf } from '../support/fake-view.ts';

describe('rule and cause of a decision', () => {
  const cases: readonly (readonly [Partial<DecisionRecord>, string, RegExp])[] = [
    [{}, 'rule default/elephants', /requests offload \(bitsPerSecond=[^)]*\), placed; /],
    [
      { cause: 'displacement', reason: 'table-full' },
      'rule default/elephants, displacement',
      /, displacement, table-full; /,
    ],
    [{ rule: null, cause: 'panic', reason: 'held' }, 'panic, held', /: panic, held; /],
    [{ rule: null, cause: 'gone', reason: 'gone' }, 'gone', /: gone; /],
    [{ rule: null, cause: 'policy', reason: 'placed' }, 'policy, placed', /: policy, placed; /],
    [
      { cause: null, reason: null, mode: 'shadow' },
      'rule default/elephants',
      /bitsPerSecond=[^)]*\); /,
    ],
    [{ rule: null, cause: null, reason: null }, 'no rule', /: no rule; /],
  ];
  for (const [over, words, line] of cases) {
    it(`is "${words}" for ${JSON.stringify(over)}`, () => {
      assert.equal(ledBy(decisionOf(over)), words);
      assert.match(decisionLine(decisionOf(over), coloursOf(false)), line);
    });
  }
});
