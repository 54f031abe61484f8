import { Engine as JsonRulesEngine } from 'json-rules-engine';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../policy/compiled/compiled-evaluator.ts';
import type { RuleEvaluator } from '../engine/ports/rule-evaluator.ts';
import { JsonRulesEvaluator } from '../test/support/json-rules/json-rules-evaluator.ts';
import type { PolicySet } from '../policy/model/policy-set.ts';
import { engineRoot } from '../policy/json-rules/rules-engine.ts';
import { factsOf } from '../policy/model/uses.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';
import { benchPolicies } from './rules-policy.ts';
import { RulesScene } from './rules-scene.ts';

/** The two evaluators gave a flow different verdicts, so the figures are invalid. */
class VerdictsDiffer extends Error {
  override readonly name = 'VerdictsDiffer';
}

/**
 * Evaluates twenty compiled rules on every flow of a table per tick, compared with
 * json-rules-engine on some of the flows. Their verdicts are compared first.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const policies = benchPolicies();
  const options = { clock: { now: () => performance.now() } };
  const compiled = () => new CompiledEvaluator(policies, options);
  const peer = new JsonRulesEvaluator(policies, options);

  const peerFlows = quick ? 500 : 5000;
  await compareVerdicts(compiled(), peer, peerFlows, signal);
  const peerTick = await measure(peer, peerFlows, quick ? 3 : 9, signal);
  const plainRate = await plainFlowsPerSecond(policies, quick ? 200 : 2000);
  const comparisons: Comparison[] = [];
  const notes: string[] = [];
  for (const flows of quick ? [10_000] : [10_000, 100_000]) {
    const tick = await measure(compiled(), flows, quick ? 40 : 200, signal);
    const name = `${flows} flows x ${policies.rules.length} rules`;
    const ours = (flows / tick.medianMs) * 1000;
    const theirs = (peerFlows / peerTick.medianMs) * 1000;
    comparisons.push(
      compare(name, { ours, peer: theirs }, 'flows/s', 'higher'),
      compare(`${name}, engine.run(facts)`, { ours, peer: plainRate }, 'flows/s', 'higher'),
    );
    notes.push(
      `${name}: ${tick.medianMs.toFixed(2)} ms a tick (median; 99 of 100 below ${tick.p99Ms.toFixed(2)} ms), ` +
        `${tick.firstMs.toFixed(0)} ms when every flow is new, a rule speaks for ${tick.spoken}`,
    );
  }
  notes.push(
    `peer: json-rules-engine on ${peerFlows} of the flows, driven as docs/decisions/005 says: ` +
      `${peerTick.medianMs.toFixed(0)} ms; verdicts on them are the same`,
    'engine.run(facts): json-rules-engine as its guide drives it, given the values of the facts',
  );
  return { name: 'rules', comparisons, notes };
}

/** json-rules-engine without our optimisations: every rule and every fact value in each run. */
async function plainFlowsPerSecond(policies: PolicySet, flows: number): Promise<number> {
  const engine = new JsonRulesEngine([], { allowUndefinedFacts: true });
  for (const { conditions, priority } of policies.rules) {
    engine.addRule({
      conditions: engineRoot(conditions, true),
      event: { type: 'requested' },
      priority,
    });
  }
  const scene = new RulesScene(flows);
  scene.advance();
  const names = [...new Set(policies.rules.flatMap((rule) => factsOf(rule.conditions)))];
  const facts = await scene.factsOf(policies, names);
  const start = performance.now();
  for (const values of facts) await engine.run(values);
  return (flows / (performance.now() - start)) * 1000;
}

interface Ticks {
  readonly firstMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Flows for which a rule spoke in the last tick. */
  readonly spoken: number;
}

async function measure(
  evaluator: RuleEvaluator,
  flows: number,
  ticks: number,
  signal: AbortSignal,
): Promise<Ticks> {
  const scene = new RulesScene(flows);
  scene.advance();
  const firstMs = await scene.evaluate(evaluator, signal);
  const times: number[] = [];
  for (let i = 0; i < ticks; i++) {
    scene.advance();
    times.push(await scene.evaluate(evaluator, signal));
  }
  // The first half is warm-up, while code is being optimised.
  const late = times.slice(ticks >> 1).sort((a, b) => a - b);
  return {
    firstMs,
    medianMs: late[late.length >> 1],
    p99Ms: late[Math.ceil(late.length * 0.99) - 1],
    spoken: spokenFor(scene.table).filter((rule) => rule > 0).length,
  };
}

async function compareVerdicts(
  ours: RuleEvaluator,
  peer: RuleEvaluator,
  flows: number,
  signal: AbortSignal,
): Promise<void> {
  const verdicts: number[][] = [];
  for (const evaluator of [ours, peer]) {
    const scene = new RulesScene(flows);
    scene.advance();
    await scene.evaluate(evaluator, signal);
    verdicts.push(spokenFor(scene.table));
  }
  const at = verdicts[0].findIndex((rule, i) => rule !== verdicts[1][i]);
  if (at >= 0) {
    const [a, b] = verdicts.map((rules) => rules[at]);
    throw new VerdictsDiffer(`flow ${at}: compiled, rule ${a} speaks; json-rules-engine: ${b}`);
  }
}

/** Number of the rule that speaks for each flow, 0 for none. */
function spokenFor(table: FlowTable): number[] {
  return Array.from(table.rows.subarray(0, table.count), (row) => table.decision.rule[row]);
}
