import assert from 'node:assert/strict';
import { prohibitionNotes } from '../../../policy/check/prohibition-notes.ts';
import { sliceNotes } from '../../../policy/check/slice-notes.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import type { PolicySet } from '../../../policy/model/policy-set.ts';
import { formatProblem } from '../../../text/problem.ts';

function setOf(condition: unknown, event: string, sections: object = {}): PolicySet {
  const rules = [{ name: 'r', conditions: { all: [condition] }, event: { type: event } }];
  const text = JSON.stringify({ name: 'p', version: '1', ...sections, rules });
  return parsePolicies([{ file: 'p.json', text }]);
}

const is = (fact: string, operator: string, value: unknown, more = {}) => ({
  fact,
  operator,
  value,
  ...more,
});
const IN = is('ipDst', 'cidr', '10.0.0.0/8');

describe('notes on prohibitions', () => {
  const notes = (condition: unknown, event = 'onload') =>
    prohibitionNotes(setOf(condition, event)).map(formatProblem);

  it('name facts that a flow can leave open or that can be unknown', () => {
    const [note, ...more] = notes({ all: [IN, is('vm', 'equal', 'db')] });
    assert.deepEqual(more, []);
    assert.match(
      note,
      /^p\.json:1:\d+: note: rule "p\/r" requests onload and also holds for flows/,
    );
    assert.match(note, /a flow's match can leave ipDst open; vm is not known if/);
    assert.equal(notes(IN, 'slow-path').length, 1);
  });

  it('are absent for permissions and for facts that are always known', () => {
    assert.deepEqual(notes(IN, 'offload'), []);
    assert.deepEqual(notes(is('quietMs', 'greaterThan', '5s')), []);
    assert.deepEqual(notes(is('tcpDst', 'equal', 22), 'fast-path'), []);
  });
});

describe('notes on slices', () => {
  const gold = { slices: { gold: { members: [{ vlan: 7 }] } } };
  const notes = (condition: unknown) => sliceNotes(setOf(condition, 'offload', gold));

  it('name slices that no policy declares', () => {
    const [note, ...more] = notes(is('slice', 'in', ['gold', 'golf', 'tenant-7']));
    assert.match(
      note.message,
      /names slice "golf", which no policy declares; did you mean "gold"\?$/,
    );
    assert.match(
      more[0].message,
      /"tenant-7", which no policy declares; only ports can belong to it$/,
    );
    assert.equal(more.length, 1);
    const use = { params: { slice: 'silver' }, path: '$.flows' };
    assert.equal(notes(is('sliceUse', 'greaterThan', 5, use)).length, 1);
  });

  it('are absent for declared slices, patterns and null', () => {
    assert.deepEqual(notes(is('slice', 'equal', 'gold')), []);
    assert.deepEqual(notes(is('slice', 'matches', '^golf')), []);
    assert.deepEqual(notes(is('slice', 'notEqual', null)), []);
    assert.deepEqual(notes(is('slice', 'equal', { fact: 'vm' })), []);
  });
});
