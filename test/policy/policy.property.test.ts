import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { DECORATORS } from '../../policy/operators/decorators.ts';
import { FACTS } from '../../policy/facts/facts.ts';
import { OPERATORS } from '../../policy/operators/operators.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';
import { contextOf, evaluatorOf, never, tableOf } from './fixture.ts';
import { policyFile } from './policy-files.ts';

/** Parses a text; true if it is valid. Fails on errors other than a PolicyError with positions. */
function accepts(text: string): boolean {
  try {
    parsePolicies([{ file: 'f', text }]);
    return true;
  } catch (error) {
    assert(error instanceof PolicyError, String(error));
    assert(error.problems.length > 0);
    const lines = text.split('\n');
    for (const { line, column, message } of error.problems) {
      assert(line >= 1 && line <= lines.length, `line ${line}`);
      assert(column >= 1 && column <= lines[line - 1].length + 1, `column ${column}`);
      assert.notEqual(message, '');
    }
    return false;
  }
}

const SHIPPED = [
  'default',
  'cpu-pressure',
  'fair-slices',
  'maintenance-window',
  'pinned-slice',
].map((name) => readFileSync(policyFile(`${name}.json`), 'utf8'));

/** A shipped policy with a part removed or replaced. */
const damaged = fc
  .constantFrom(...SHIPPED)
  .chain((text) =>
    fc
      .tuple(
        fc.nat(text.length),
        fc.nat(12),
        fc.oneof(fc.string({ maxLength: 5 }), fc.constant('')),
      )
      .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length)),
  );

const value = fc.oneof(
  fc.constantFrom(null, true, 0, 1, -1, 'a', 'offload', '', [], [1], ['a'], {}, { fact: 'bytes' }),
  fc.constantFrom(...FACTS.map((f) => ({ fact: f.name }))),
  fc.jsonValue({ maxDepth: 1 }),
);

const operatorName = fc.constantFrom(...OPERATORS.map((o) => o.name));
const decorator = fc.constantFrom(...DECORATORS.map((d) => d.name));
const comparison = {
  fact: fc.constantFrom(...FACTS.map((f) => f.name)),
  operator: fc.oneof(
    { arbitrary: operatorName, weight: 4 },
    fc.tuple(decorator, operatorName).map(([d, name]) => `${d}:${name}`),
  ),
  value: fc.oneof(
    { arbitrary: fc.constantFrom(1, 'a', '1s', [1], ['a'], [1, 2], '10.0.0.0/8'), weight: 2 },
    value,
  ),
};
const extras = {
  path: fc.constantFrom('$.rxShare', '$', 3),
  params: fc.constantFrom({ port: 'a' }, { port: 1 }, {}, 'x', null),
  priority: fc.constantFrom(1, 0, 'x'),
};

/** Conditions with valid words in random positions. */
const { condition } = fc.letrec<{ condition: unknown }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    { arbitrary: fc.record(comparison), weight: 6 },
    fc.record({ ...comparison, ...extras }, { requiredKeys: ['fact', 'operator', 'value'] }),
    fc.record({ all: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ not: tie('condition') }),
    value,
  ),
}));

describe('parsePolicies, arbitrary input', () => {
  it('accepts or reports positions for damaged text', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        accepts(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts or reports positions for any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.equal(accepts(text), false);
      }),
    );
  });

  it('accepts only policies that can be evaluated and explained', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(condition, async (c) => {
        const rules = [{ name: 'r', conditions: { all: [c] }, event: { type: 'offload' } }];
        const text = JSON.stringify({ name: 'p', version: '1', rules });
        if (!accepts(text)) return;
        accepted++;
        const table = tableOf([{}]);
        const evaluator = evaluatorOf(text);
        await evaluator.evaluate(table, contextOf(), never());
        const [trace] = await evaluator.explain(table, 0, contextOf());
        assert.equal(trace.verdict, table.decision.rule[0] === 1);
      }),
      { numRuns: 4000 },
    );

    assert(accepted > 30, `${accepted} conditions were accepted`);
  });
});
