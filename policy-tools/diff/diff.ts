import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext, RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import { describeMatch } from '../../views/describe-flow.ts';

type RequestedPlacementName = (typeof REQUESTED_PLACEMENT_NAMES)[number];

/** What one of two sets of policies asks for a flow. */
export interface Asked {
  readonly requested: RequestedPlacementName;
  /** `policy/rule`; null: none speaks. */
  readonly rule: string | null;
  readonly score: number;
}

/** A flow for which two sets of policies ask for different things. */
export interface ChangedFlow {
  readonly id: string;
  readonly match: string;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly before: Asked;
  readonly after: Asked;
}

/** How two sets of policies differ on one tick. */
export interface PolicyDiff {
  /** Live flows of the tick. */
  readonly flows: number;
  /** Flows by what is asked, before and after. */
  readonly requests: Readonly<
    Record<'before' | 'after', Readonly<Record<RequestedPlacementName, number>>>
  >;
  /** By flow rate, fastest first; those that are asked elsewhere. */
  readonly changed: readonly ChangedFlow[];
}

/** What is asked of every live row at one moment. */
export interface PlacementRequests {
  readonly requested: Uint8Array;
  readonly rule: Uint16Array;
  readonly score: Float64Array;
  readonly rules: RuleEvaluator['rules'];
}

/** Evaluates a table and takes a copy of what is asked. */
export async function requestsOf(
  evaluator: RuleEvaluator,
  table: FlowTable,
  context: RuleContext,
  signal: AbortSignal,
): Promise<PlacementRequests> {
  await evaluator.evaluate(table, context, signal);
  return takeRequests(evaluator, table);
}

/** A copy of what the last evaluation asked. */
export function takeRequests(evaluator: RuleEvaluator, table: FlowTable): PlacementRequests {
  const { requested, rule, score } = table.decision;
  return {
    requested: requested.slice(),
    rule: rule.slice(),
    score: score.slice(),
    rules: evaluator.rules,
  };
}

/** Compares what is asked of the same rows. */
export function diffOf(
  table: FlowTable,
  before: PlacementRequests,
  after: PlacementRequests,
): PolicyDiff {
  const counts = { before: noRequests(), after: noRequests() };
  const changed: number[] = [];
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    counts.before[REQUESTED_PLACEMENT_NAMES[before.requested[row]]]++;
    counts.after[REQUESTED_PLACEMENT_NAMES[after.requested[row]]]++;
    if (before.requested[row] !== after.requested[row]) changed.push(row);
  }
  const rates = table.rates;
  changed.sort((a, b) => rates.bitsPerSecond[b] - rates.bitsPerSecond[a]);
  return {
    flows: table.count,
    requests: counts,
    changed: changed.map((row) => ({
      id: formatFlowId(table.idAt(row)),
      match: describeMatch(table.matchAt(row)),
      bitsPerSecond: rates.bitsPerSecond[row],
      packetsPerSecond: rates.packetsPerSecond[row],
      before: askedAt(before, row),
      after: askedAt(after, row),
    })),
  };
}

function askedAt({ requested, rule, score, rules }: PlacementRequests, row: number): Asked {
  const name = rule[row] === 0 ? null : (rules.at(rule[row] - 1)?.name ?? null);
  return { requested: REQUESTED_PLACEMENT_NAMES[requested[row]], rule: name, score: score[row] };
}

function noRequests(): Record<RequestedPlacementName, number> {
  return { none: 0, offload: 0, onload: 0, 'fast-path': 0, 'slow-path': 0 };
}
