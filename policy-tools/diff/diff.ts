import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext, RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import { describeMatch } from '../../views/describe-flow.ts';

type RequestedPlacementName = (typeof REQUESTED_PLACEMENT_NAMES)[number];

/** What one of the two sets of policies requests for a flow. */
export interface FlowRequest {
  readonly requested: RequestedPlacementName;
  /** `policy/rule`; null if no rule decides. */
  readonly rule: string | null;
  readonly score: number;
}

/** A flow whose requested placement differs between two sets of policies. */
export interface ChangedFlow {
  readonly id: string;
  readonly match: string;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly before: FlowRequest;
  readonly after: FlowRequest;
}

/** Difference between two sets of policies on one tick. */
export interface PolicyDiff {
  /** Live flows of the tick. */
  readonly flows: number;
  /** Number of flows by requested placement, before and after. */
  readonly requests: Readonly<
    Record<'before' | 'after', Readonly<Record<RequestedPlacementName, number>>>
  >;
  /** Flows whose requested placement changes, highest rate first. */
  readonly changed: readonly ChangedFlow[];
}

/** Requests by row, at one tick. */
export interface PlacementRequests {
  readonly requested: Uint8Array;
  readonly rule: Uint16Array;
  readonly score: Float64Array;
  readonly rules: RuleEvaluator['rules'];
}

/** Evaluates a table and copies the requests. */
export async function requestsOf(
  evaluator: RuleEvaluator,
  table: FlowTable,
  context: RuleContext,
  signal: AbortSignal,
): Promise<PlacementRequests> {
  await evaluator.evaluate(table, context, signal);
  return copyRequests(evaluator, table);
}

/** Copies the requests of the last evaluation. */
export function copyRequests(evaluator: RuleEvaluator, table: FlowTable): PlacementRequests {
  const { requested, rule, score } = table.decision;
  return {
    requested: requested.slice(),
    rule: rule.slice(),
    score: score.slice(),
    rules: evaluator.rules,
  };
}

/** Compares the requests for the rows of a table. */
export function diffOf(
  table: FlowTable,
  before: PlacementRequests,
  after: PlacementRequests,
): PolicyDiff {
  const counts = { before: zeroCounts(), after: zeroCounts() };
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
      before: requestAt(before, row),
      after: requestAt(after, row),
    })),
  };
}

function requestAt({ requested, rule, score, rules }: PlacementRequests, row: number): FlowRequest {
  const name = rule[row] === 0 ? null : (rules.at(rule[row] - 1)?.name ?? null);
  return { requested: REQUESTED_PLACEMENT_NAMES[requested[row]], rule: name, score: score[row] };
}

function zeroCounts(): Record<RequestedPlacementName, number> {
  return { none: 0, offload: 0, onload: 0, 'fast-path': 0, 'slow-path': 0 };
}
