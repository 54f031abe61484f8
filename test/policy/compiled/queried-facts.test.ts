import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { notCompiled } from '../../../policy/parse/not-compiled.ts';
import type { FactDefinition } from '../../../policy/model/fact.ts';
import type { FactValue } from '../../../policy/model/fact-value.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { PolicyError } from '../../../policy/model/policy-error.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { contextOf, never, policyText, rule, tableOf } from '../fixture.ts';

const BUSY = { fact: 'packetsPerSecond', operator: 'greaterThan', value: 100 };
const IS_DB = { fact: 'guestApp', operator: 'equal', value: 'db' };

/** A fact about a guest; records each query. */
class Guests {
  readonly queries: string[] = [];
  readonly answers: Readonly<Record<string, () => Promise<FactValue>>>;

  constructor(answers: Readonly<Record<string, () => Promise<FactValue>>>) {
    this.answers = answers;
  }

  get fact(): FactDefinition {
    return {
      name: 'guestApp',
      scope: 'flow',
      type: 'string',
      description: 'Application in the VM.',
      source: 'The guest',
      example: '"db"',
      missing: 'the guest does not report it',
      read: () => undefined,
      query: (view) => {
        const { inPort } = view.table.matchAt(view.row);
        this.queries.push(inPort);
        return this.answers[inPort]();
      },
    };
  }
}

function policiesOf(guests: Guests, ...rules: readonly unknown[]) {
  return parsePolicies([{ file: 'p.json', text: policyText(rules) }], { facts: [guests.fact] });
}

async function evaluated(guests: Guests, rules: readonly unknown[], flows: readonly object[]) {
  const options = { clock: new ManualClock() };
  const evaluator = new CompiledEvaluator(policiesOf(guests, ...rules), options);
  const table = tableOf(flows);
  await evaluator.evaluate(table, contextOf(), never());
  return Array.from(table.rows.subarray(0, table.count), (row) => table.decision.rule[row]);
}

const answer = (value: FactValue) => () => Promise.resolve(value);

describe('a rule with a fact that must be queried', () => {
  const guests = () =>
    new Guests({ a: answer('db'), b: answer('web'), c: () => Promise.reject(new Error('gone')) });
  const FLOWS = ['a', 'b', 'c', 'a', 'b'].map((inPort, i) => ({
    inPort,
    packetsPerSecond: i < 3 ? 500 : 5,
  }));

  it('is evaluated only for flows for which its other conditions can hold', async () => {
    const g = guests();
    assert.deepEqual(
      await evaluated(g, [rule('db', { all: [IS_DB, BUSY] })], FLOWS),
      [1, 0, 0, 0, 0],
    );
    assert.deepEqual(g.queries.toSorted(), ['a', 'b', 'c']);
  });

  it('is not evaluated for flows that an earlier rule decides', async () => {
    const g = guests();
    const rules = [rule('busy', { all: [BUSY] }, { priority: 2 }), rule('db', { all: [IS_DB] })];
    assert.deepEqual(await evaluated(g, rules, FLOWS), [1, 1, 1, 2, 0]);
    assert.deepEqual(g.queries.toSorted(), ['a', 'b']);
  });

  it('leaves other flows to later rules', async () => {
    const g = guests();
    const onload = { event: { type: 'onload' } };
    const rules = [
      rule('db', { any: [IS_DB] }, { priority: 2 }),
      rule('busy', { all: [BUSY] }, onload),
    ];
    assert.deepEqual(await evaluated(g, rules, FLOWS), [1, 2, 2, 1, 0]);
  });

  it('is supported inside "not"', async () => {
    const g = guests();
    const known = { fact: 'guestApp', operator: 'notEqual', value: null };
    const not = rule('unknown', { all: [BUSY, { not: known }] });
    assert.deepEqual(await evaluated(g, [not], FLOWS), [0, 0, 1, 0, 0]);
    assert.deepEqual(g.queries.toSorted(), ['a', 'b', 'c']);
  });

  it('is noted when policies are checked', () => {
    const rules = [rule('busy', { all: [BUSY] }), rule('db', { all: [IS_DB] })];
    const set = policiesOf(guests(), ...rules);
    const [note, ...more] = notCompiled(set);
    assert.deepEqual(more, []);
    assert.equal(note.file, 'p.json');
    assert.equal(note.line, set.rules[1].at.line);
    assert.match(
      note.message,
      /^note: rule "p\/db" is not compiled, because guestApp must be queried/,
    );
  });

  it('is refused if the program does not add the fact', () => {
    const text = policyText([rule('db', { all: [IS_DB] })]);
    assert.throws(() => parsePolicies([{ file: 'p.json', text }]), PolicyError);
  });

  it('is not affected by shadow policies', async () => {
    const g = guests();
    const policies = parsePolicies(
      [
        { file: 'p.json', text: policyText([rule('db', { all: [IS_DB] })]) },
        {
          file: 's.json',
          text: policyText(
            [rule('all', { all: [BUSY] }, { priority: 9, event: { type: 'onload' } })],
            's',
          ).replace('{', '{"mode": "shadow",'),
        },
      ],
      { facts: [g.fact] },
    );
    const options = { clock: new ManualClock() };
    const table = tableOf(FLOWS);
    await new CompiledEvaluator(policies, options).evaluate(table, contextOf(), never());
    const rows = Array.from(table.rows.subarray(0, table.count));
    const { decision, shadow } = table;
    assert.deepEqual(
      rows.map((row) => [decision.requested[row], shadow?.requested[row]]),
      [
        [RequestedPlacement.offload, RequestedPlacement.onload],
        [RequestedPlacement.none, RequestedPlacement.onload],
        [RequestedPlacement.none, RequestedPlacement.onload],
        [RequestedPlacement.offload, RequestedPlacement.offload],
        [RequestedPlacement.none, RequestedPlacement.none],
      ],
    );
  });
});
