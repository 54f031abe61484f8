import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Engine } from 'json-rules-engine';
import { memberOf } from '../../../policy/model/linear-function.ts';
import {
  type FactReference,
  isFactReference,
  type RootCondition,
} from '../../../policy/model/condition.ts';
import type { FlowView } from '../../../policy/model/fact.ts';
import { FACTS, factNamed } from '../../../policy/facts/facts.ts';
import { engineRoot, newRulesEngine } from '../../../policy/json-rules/rules-engine.ts';
import { comparisonsOf, referencesOf } from '../../../policy/model/uses.ts';
import { compiledVerdicts, sceneOf } from './bulk.ts';
import { rootOf, rootSketch } from './random-rules.ts';

/*
 * Compares each verdict of compiled conditions with json-rules-engine, for random conditions and
 * flows. A failure is shrunk to one condition and one flow.
 */

const PAIRS = 1_000_000;
/** Number of pairs with an unmodified json-rules-engine. */
const STOCK_PAIRS = 50_000;

const scene = fc.record({
  sketches: fc.array(rootSketch, { minLength: 1, maxLength: 24, size: 'max' }),
  flows: fc.array(fc.nat(), { minLength: 1, maxLength: 400, size: 'max' }),
  seed: fc.nat(),
});

/** Verdicts of an engine with rules `0`, `1` ..., a string of 0 and 1 per rule. */
async function verdictsOf(
  engine: Engine,
  rules: readonly RootCondition[],
  rows: readonly number[],
  factsOf: (row: number) => Record<string, unknown>,
): Promise<string[]> {
  rules.forEach((conditions, i) => {
    const event = { type: 'holds' };
    engine.addRule({ name: String(i), conditions: engineRoot(conditions, true), event });
  });
  const verdicts = rules.map(() => new Uint8Array(rows.length));
  for (const [i, row] of rows.entries()) {
    const { results } = await engine.run(factsOf(row));
    for (const { name } of results) verdicts[Number(name)][i] = 1;
  }
  return verdicts.map((v) => v.join(''));
}

describe('compiled conditions', function () {
  this.timeout(300_000);

  it(`agree with json-rules-engine on ${PAIRS} pairs of a rule and a flow`, async () => {
    const tally = { pairs: 0, holding: 0 };
    const agree = fc.asyncProperty(scene, async ({ sketches, flows, seed }) => {
      const { view, memory, rows } = await sceneOf(flows, seed);
      const setting = { view, rows: rows.slice(0, 8), facts: FACTS, odd: true };
      const rules = sketches.map((sketch) => rootOf(sketch, setting));
      const engine = await newRulesEngine(view, rules, memory.factNamed);
      const expected = await verdictsOf(engine, rules, rows, (row) => {
        view.row = row;
        return {};
      });
      assert.deepEqual(compiledVerdicts({ view, memory }, rules, rows), expected);
      tally.pairs += rules.length * rows.length;
      tally.holding += expected.join('').replaceAll('0', '').length;
    });
    while (tally.pairs < PAIRS) await fc.assert(agree, { numRuns: 20 });
    // The verdicts must be mixed for the comparison to be meaningful.
    const share = tally.holding / tally.pairs;
    assert(share > 0.1 && share < 0.9, `${share} of the pairs hold`);
  });

  it('agree with an unmodified json-rules-engine if no value is missing', async () => {
    const tally = { pairs: 0 };
    const agree = fc.asyncProperty(scene, async ({ sketches, flows, seed }) => {
      const { view, memory, rows } = await sceneOf(flows.slice(0, 50), seed);
      const setting = { view, rows: rows.slice(0, 8), facts: FACTS, odd: false };
      const rules = sketches.map((sketch) => rootOf(sketch, setting)).filter(isStock);
      if (rules.length === 0) return;
      const engine = new Engine([], { allowUndefinedFacts: true });
      const expected = await verdictsOf(engine, rules, rows, (row) => factValues(view, row, rules));
      const actual = compiledVerdicts({ view, memory }, rules, rows);
      rules.forEach((rule, i) => {
        rows.forEach((row, j) => {
          if (isAnyMissing(view, row, rule)) return;
          tally.pairs++;
          assert.equal(actual[i][j], expected[i][j], JSON.stringify(rule));
        });
      });
    });
    while (tally.pairs < STOCK_PAIRS) await fc.assert(agree, { numRuns: 20 });
  });
});

const STOCK_OPERATORS = [
  'equal',
  'notEqual',
  'in',
  'notIn',
  'contains',
  'doesNotContain',
  'lessThan',
  'lessThanInclusive',
  'greaterThan',
  'greaterThanInclusive',
];

/** True if it uses only features of json-rules-engine, with values of the right types. */
function isStock(rule: RootCondition): boolean {
  return comparisonsOf(rule).every(({ operator, value, params }) => {
    const [word, ...more] = operator.split(':').toReversed();
    const takesLists = word === 'in' || word === 'notIn';
    return (
      STOCK_OPERATORS.includes(word) &&
      more.every((w) => w === 'not') &&
      params === undefined &&
      (isFactReference(value) ? value.params === undefined && !takesLists : value !== null) &&
      (!takesLists || Array.isArray(value))
    );
  });
}

/** Values of the facts that the rules use, for `engine.run`. */
function factValues(view: FlowView, row: number, rules: readonly RootCondition[]) {
  view.row = row;
  const names = new Set(rules.flatMap(referencesOf).map((r) => r.fact));
  return Object.fromEntries([...names].map((name) => [name, valueOf(view, { fact: name })]));
}

function isAnyMissing(view: FlowView, row: number, rule: RootCondition): boolean {
  view.row = row;
  return referencesOf(rule).some((reference) => valueOf(view, reference) === undefined);
}

function valueOf(view: FlowView, { fact, params = {}, path }: FactReference): unknown {
  return memberOf(factNamed(fact)?.read(view, params), path);
}
