import { WISH_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext, RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import { describeMatch } from '../../views/describe-flow.ts';

type WishName = (typeof WISH_NAMES)[number];

/** What one of two sets of policies asks for a flow. */
export interface Asked {
  readonly wish: WishName;
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
  readonly wishes: Readonly<Record<'before' | 'after', Readonly<Record<WishName, number>>>>;
  /** By flow rate, fastest first; those that are asked elsewhere. */
  readonly changed: readonly ChangedFlow[];
}

/** What is asked of every live row at one moment. */
export interface Wishes {
  readonly wish: Uint8Array;
  readonly rule: Uint16Array;
  readonly score: Float64Array;
  readonly rules: RuleEvaluator['rules'];
}

/** Evaluates a table and takes a copy of what is asked. */
export async function wishesOf(
  evaluator: RuleEvaluator,
  table: FlowTable,
  context: RuleContext,
  signal: AbortSignal,
): Promise<Wishes> {
  await evaluator.evaluate(table, context, signal);
  return takeWishes(evaluator, table);
}

/** A copy of what the last evaluation asked. */
export function takeWishes(evaluator: RuleEvaluator, table: FlowTable): Wishes {
  const { wish, rule, score } = table.decision;
  return { wish: wish.slice(), rule: rule.slice(), score: score.slice(), rules: evaluator.rules };
}

/** Compares what is asked of the same rows. */
export function diffOf(table: FlowTable, before: Wishes, after: Wishes): PolicyDiff {
  const counts = { before: noWishes(), after: noWishes() };
  const changed: number[] = [];
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    counts.before[WISH_NAMES[before.wish[row]]]++;
    counts.after[WISH_NAMES[after.wish[row]]]++;
    if (before.wish[row] !== after.wish[row]) changed.push(row);
  }
  const rates = table.rates;
  changed.sort((a, b) => rates.bitsPerSecond[b] - rates.bitsPerSecond[a]);
  return {
    flows: table.count,
    wishes: counts,
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

function askedAt({ wish, rule, score, rules }: Wishes, row: number): Asked {
  const name = rule[row] === 0 ? null : (rules.at(rule[row] - 1)?.name ?? null);
  return { wish: WISH_NAMES[wish[row]], rule: name, score: score[row] };
}

function noWishes(): Record<WishName, number> {
  return { none: 0, offload: 0, onload: 0, 'fast-path': 0, 'slow-path': 0 };
}
