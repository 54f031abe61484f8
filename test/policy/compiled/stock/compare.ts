import { Engine, type TopLevelCondition } from 'json-rules-engine';
import { CompiledEvaluator } from '../../../../policy/compiled/compiled-evaluator.ts';
import { parsePolicies } from '../../../../policy/parse/parse-policies.ts';
import { Seeded } from '../../../support/seeded.ts';
import { generatedPolicy, type PolicySpec, type RootSpec, type RuleSpec } from './documents.ts';
import { addOperators } from './language.ts';
import { isReference, judged, UNKNOWN } from './judge.ts';
import { Scene } from './scene.ts';
import type { Facts } from './traffic.ts';

const FLOWS = 20;
const RULES = 25;
const TICKS = 4;

/** Result of a comparison. */
export interface Outcome {
  /** Number of compared pairs of a rule and a flow in a tick. */
  readonly pairs: number;
  readonly holding: number;
  /** Number of pairs that json-rules-engine judged. */
  readonly stockPairs: number;
  /** Description of the first difference; undefined if there is none. */
  readonly difference: string | undefined;
}

/**
 * Compares verdicts and deciding rules of compiled rules and json-rules-engine in `scenes` nodes,
 * each with its own policy. Stops at the first difference.
 */
export async function compare(seed: number, scenes: number): Promise<Outcome> {
  let pairs = 0;
  let holding = 0;
  let stockPairs = 0;
  for (let n = 0; n < scenes; n++) {
    const random = new Seeded(seed + n);
    const scene = new Scene(random, FLOWS);
    const policy = generatedPolicy(random, RULES);
    const alone = policy.rules.map((rule) => evaluatorOf({ ...policy, rules: [rule] }, scene));
    const together = evaluatorOf(policy, scene);
    const engine = stockEngine(policy, scene);
    for (let tick = 0; tick < TICKS; tick++) {
      scene.next();
      const expected = judgedRules(scene, policy);
      const stock = await stockRules(engine, scene, policy);
      for (const [row, facts] of scene.flows.entries()) {
        if (!scene.exact[row]) continue;
        for (const rule of policy.rules) {
          if (usesUnknown(rule, policy, scene, row)) continue;
          stockPairs++;
          if (stock[row].has(rule.name) === expected[row].has(rule.name)) continue;
          const what = `json-rules-engine: ${stock[row].has(rule.name)}`;
          const difference = shown(what, seed + n, policy, rule, facts, scene);
          return { pairs, holding, stockPairs, difference };
        }
      }
      for (const [i, evaluator] of alone.entries()) {
        const rule = policy.rules[i];
        const actual = await decidingRules(evaluator, scene);
        for (const [row, facts] of scene.flows.entries()) {
          const holds = expected[row].has(rule.name);
          pairs++;
          if (holds) holding++;
          if (holds === (actual[row] !== 0)) continue;
          return {
            pairs,
            holding,
            stockPairs,
            difference: shown(`holds: ${holds}`, seed + n, policy, rule, facts, scene),
          };
        }
      }
      const actual = await decidingRules(together, scene);
      for (const [row, facts] of scene.flows.entries()) {
        const first = inOrder(policy.rules).find((rule) => expected[row].has(rule.name));
        const name = together.rules[actual[row] - 1]?.name.replace('generated/', '');
        if (name === first?.name) continue;
        const difference = shown(
          `${name} decides, not ${first?.name}`,
          seed + n,
          policy,
          undefined,
          facts,
          scene,
        );
        return { pairs, holding, stockPairs, difference };
      }
    }
  }
  return { pairs, holding, stockPairs, difference: undefined };
}

function evaluatorOf(policy: PolicySpec, { programFacts }: Scene): CompiledEvaluator {
  const document = { file: 'generated.json', text: JSON.stringify(policy) };
  const set = parsePolicies([document], { unreachable: 'allow', facts: programFacts });
  return new CompiledEvaluator(set, { clock: { now: () => 0 } });
}

/** Number of the deciding rule by row; 0 if there is none. */
async function decidingRules(
  evaluator: CompiledEvaluator,
  { table, context }: Scene,
): Promise<Uint16Array> {
  await evaluator.evaluate(table, context, new AbortController().signal);
  return table.decision.rule.slice();
}

/** json-rules-engine with the rules of the document. */
function stockEngine(policy: PolicySpec, scene: Scene): Engine {
  const engine = new Engine([], { allowUndefinedFacts: true });
  addOperators(engine);
  for (const fact of ['portLoad', 'table']) {
    engine.addFact(
      fact,
      ({ port, placement }: Record<string, string>) =>
        memberOf(scene.node[fact], port ?? placement),
      { cache: false },
    );
  }
  for (const [name, conditions] of Object.entries(policy.conditions)) {
    engine.setCondition(name, topLevel(conditions));
  }
  for (const rule of policy.rules)
    engine.addRule({ ...rule, conditions: topLevel(rule.conditions) });
  return engine;
}

/** The names of the rules that hold, by row, as the packets of each flow say. */
function judgedRules(
  scene: Scene,
  { rules, conditions, facts }: PolicySpec,
): readonly ReadonlySet<string>[] {
  return scene.flows.map((_, row) => {
    const valuesOf = scene.valuesOf(row, declaredValues(facts));
    const held = rules.filter((rule) => judged(rule, conditions, valuesOf));
    return new Set(held.map(({ name }) => name));
  });
}

function declaredValues(facts: PolicySpec['facts']): Facts {
  return Object.fromEntries(Object.entries(facts).map(([name, { initial }]) => [name, initial]));
}

/** The names of the rules that hold, by row, as json-rules-engine says. */
async function stockRules(
  engine: Engine,
  scene: Scene,
  { facts }: PolicySpec,
): Promise<ReadonlySet<string>[]> {
  const declared = declaredValues(facts);
  const { portLoad: _loads, table: _tables, ...node } = scene.node;
  const found: ReadonlySet<string>[] = [];
  for (const flow of scene.flows) {
    const { results } = await engine.run({ ...declared, ...node, ...flow });
    found.push(new Set(results.map(({ name }) => name)));
  }
  return found;
}

/** True if a rule uses a fact of the node that is not known, about which engines can differ. */
function usesUnknown(rule: RuleSpec, policy: PolicySpec, scene: Scene, row: number): boolean {
  const valuesOf = scene.valuesOf(row, declaredValues(policy.facts));
  const uses = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return false;
    const shared = 'condition' in value ? policy.conditions[String(value.condition)] : undefined;
    const own = isReference(value) && valuesOf(value).includes(UNKNOWN);
    return own || uses(shared) || Object.values(value).some(uses);
  };
  return uses(rule.conditions);
}

/** Highest priority first, then in the order of the document. */
function inOrder(rules: readonly RuleSpec[]): readonly RuleSpec[] {
  return rules.toSorted((a, b) => (b.priority ?? 1) - (a.priority ?? 1));
}

/** A copy, because json-rules-engine modifies its input. */
function topLevel(conditions: RootSpec): TopLevelCondition {
  return JSON.parse(JSON.stringify(conditions));
}

function memberOf(value: unknown, name: string): unknown {
  return Object.entries(value ?? {}).find(([key]) => key === name)?.[1];
}

function shown(
  what: string,
  seed: number,
  policy: PolicySpec,
  rule: RuleSpec | undefined,
  facts: Facts,
  scene: Scene,
): string {
  const { conditions, facts: declared, rules } = policy;
  return [what, `seed ${seed}`, rule ?? rules, { conditions, declared }, facts, scene.node]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .join('\n');
}
