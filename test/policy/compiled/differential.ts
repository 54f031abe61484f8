import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Engine, type TopLevelCondition } from 'json-rules-engine';
import { memberOf } from '../../../policy/model/linear-function.ts';
import {
  type FactReference,
  isFactReference,
  type RootCondition,
} from '../../../policy/model/condition.ts';
import type { FlowView } from '../../../policy/model/fact.ts';
import { FACTS, factNamed } from '../../../policy/facts/facts.ts';
import type { Needed } from '../../../policy/model/extent.ts';
import { knownReader } from '../../../policy/model/known-value.ts';
import { Possible, UNKNOWN } from '../../../policy/model/possible.ts';
import { FlowEngine } from '../../../policy/json-rules/flow-engine.ts';
import { engineRoot } from '../../../policy/json-rules/rules-engine.ts';
import { comparisonsOf, referencesOf } from '../../../policy/model/uses.ts';
import { compiledVerdicts, sceneOf } from './bulk.ts';
import { rootOf, rootSketch } from './random-rules.ts';

/*
 * Compares each verdict of compiled conditions with json-rules-engine, for random conditions and
 * flows. A failure is shrunk to one condition and one flow.
 */

const scene = fc.record({
  sketches: fc.array(rootSketch, { minLength: 1, maxLength: 24, size: 'max' }),
  flows: fc.array(fc.nat(), { minLength: 1, maxLength: 400, size: 'max' }),
  seed: fc.nat(),
});

/** Verdicts of an engine with rules `0`, `1` ..., a string of 0 and 1 per rule. */
async function verdictsOf(
  engine: Engine,
  rules: readonly TopLevelCondition[],
  rows: readonly number[],
  factsOf: (row: number) => Record<string, unknown>,
): Promise<string[]> {
  rules.forEach((conditions, i) => {
    engine.addRule({ name: String(i), conditions, event: { type: 'holds' } });
  });
  const verdicts = rules.map(() => new Uint8Array(rows.length));
  for (const [i, row] of rows.entries()) {
    const { results } = await engine.run(factsOf(row));
    for (const { name } of results) verdicts[Number(name)][i] = 1;
  }
  return verdicts.map((v) => v.join(''));
}

/**
 * @param pairs least number of pairs of a rule and a flow
 * @param stockPairs the same with an unmodified json-rules-engine
 */
export function describeDifferential(pairs: number, stockPairs: number): void {
  describe('compiled conditions', function () {
    this.timeout(300_000);

    it(`agree with json-rules-engine on ${pairs} pairs of a rule and a flow`, async () => {
      const tally = { pairs: 0, all: 0, some: 0 };
      const agree = fc.asyncProperty(scene, async ({ sketches, flows, seed }) => {
        const { view, memory, rows } = await sceneOf(flows, seed);
        const setting = { view, rows: rows.slice(0, 8), facts: FACTS, odd: true };
        const rules = sketches.map((sketch) => rootOf(sketch, setting));
        const holding: Record<Needed, string> = { all: '', some: '' };
        for (const needed of ['all', 'some'] as const) {
          const flowEngine = await FlowEngine.create(view, memory.factNamed);
          const roots = rules.map((rule) => flowEngine.root(rule, needed));
          const expected = await verdictsOf(flowEngine.engine, roots, rows, (row) => {
            view.row = row;
            return {};
          });
          assert.deepEqual(compiledVerdicts({ view, memory }, rules, needed, rows), expected);
          tally.pairs += rules.length * rows.length;
          holding[needed] = expected.join('');
        }
        for (let i = 0; i < holding.all.length; i++) {
          if (holding.all[i] === '1') tally.all++;
          else if (holding.some[i] === '1') tally.some++;
          assert(
            holding.all[i] === '0' || holding.some[i] === '1',
            'holds for all but not for some',
          );
        }
      });
      while (tally.pairs < pairs) await fc.assert(agree, { numRuns: 20 });
      // The verdicts must be mixed for the comparison to be meaningful.
      const [all, some] = [tally.all, tally.some].map((n) => (2 * n) / tally.pairs);
      assert(all > 0.1 && some > 0.05 && all + some < 0.9, `${all} hold for all, ${some} for some`);
    });

    it('agree with an unmodified json-rules-engine if every value is known', async () => {
      const tally = { pairs: 0 };
      const agree = fc.asyncProperty(scene, async ({ sketches, flows, seed }) => {
        const { view, memory, rows } = await sceneOf(flows.slice(0, 50), seed);
        const setting = { view, rows: rows.slice(0, 8), facts: FACTS, odd: false };
        const rules = sketches.map((sketch) => rootOf(sketch, setting)).filter(isStock);
        if (rules.length === 0) return;
        const engine = new Engine([], { allowUndefinedFacts: true });
        const roots = rules.map((rule) => engineRoot(rule, true));
        const expected = await verdictsOf(engine, roots, rows, (row) =>
          factValues(view, row, rules),
        );
        const needed = seed % 2 === 0 ? 'all' : 'some';
        const actual = compiledVerdicts({ view, memory }, rules, needed, rows);
        rules.forEach((rule, i) => {
          rows.forEach((row, j) => {
            if (!isAllKnown(view, row, rule)) return;
            tally.pairs++;
            assert.equal(actual[i][j], expected[i][j], JSON.stringify(rule));
          });
        });
      });
      while (tally.pairs < stockPairs) await fc.assert(agree, { numRuns: 20 });
    });
  });
}

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

/** True if each fact that a rule uses has one value for all packets of the flow. */
function isAllKnown(view: FlowView, row: number, rule: RootCondition): boolean {
  view.row = row;
  return referencesOf(rule).every((reference) => {
    const known = knownReader(reference, factNamed)(view);
    return known !== undefined && known !== UNKNOWN && !(known instanceof Possible);
  });
}

function valueOf(view: FlowView, { fact, params = {}, path }: FactReference): unknown {
  return memberOf(factNamed(fact)?.read(view, params), path);
}
