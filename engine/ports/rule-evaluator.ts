import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PlacementName, RequestedPlacement } from '../model/flow.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { NodeState } from '../model/tick.ts';

/** Whether a policy's requests are applied, or only evaluated and recorded. */
export type PolicyMode = 'enforce' | 'shadow';

/** One rule of the policies in force. */
export interface RuleInfo {
  /** `policy/rule`, unique. */
  readonly name: string;
  readonly requested: RequestedPlacement;
  readonly priority: number;
  /** `shadow`: its request is recorded and moves nothing; left out: it is enforced. */
  readonly mode?: PolicyMode;
}

/** Use of one backend's table. */
export interface TableUse {
  readonly placement: PlacementName;
  readonly entries: number;
  readonly used: number;
}

/** What rules can read besides the flow. */
export interface RuleContext {
  /** Clock, ms. */
  readonly nowMs: number;
  /**
   * Wall clock, ms since 1970-01-01 UTC, for schedules and facts of time; left out if unknown: then
   * it is not known whether a schedule is active.
   */
  readonly wallMs?: number | undefined;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
  /** Share of the backends' entries in use, 0 to 1. */
  readonly tableFill: number;
  /** Each backend's table; left out if unknown. */
  readonly tables?: readonly TableUse[];
}

/** Result of an evaluation. */
export interface EvaluationReport {
  /** Number of live flows evaluated. */
  readonly evaluated: number;
  /** Slices; `decision.slice` is 1 + an index into them; left out: none. */
  readonly slices?: readonly SliceQuota[];
  readonly elapsedMs: number;
}

/**
 * For how many of a flow's packets a condition holds. `some`: it may hold for some, because the
 * flow's match leaves a header open, or because a value is not known.
 */
export type Extent = 'all' | 'some' | 'none';

/**
 * What is known about a fact: `value`: it has one; `none`: certainly none; `unknown`: it is not
 * known; `open`: the packets of the flow can have different ones.
 */
export type FactState = 'value' | 'none' | 'unknown' | 'open';

/**
 * A condition as a tree with the values it compared, as `norikae why` prints it. `verdict`: whether
 * it counts as holding: a prohibition needs `some`, a permission `all`, and "not" exchanges them.
 */
export type ConditionTrace =
  | {
      readonly kind: 'all' | 'any' | 'not';
      readonly verdict: boolean;
      readonly extent: Extent;
      readonly of: readonly ConditionTrace[];
    }
  | {
      readonly kind: 'compare';
      readonly verdict: boolean;
      readonly extent: Extent;
      readonly fact: string;
      readonly operator: string;
      /** Value that the rule compares with. */
      readonly expected: unknown;
      /** Value of the flow or node; of an open fact a text such as `10.0.0.0/16`. */
      readonly actual: unknown;
      readonly state: FactState;
    };

/** One rule's verdict on one flow. */
export interface RuleTrace {
  readonly rule: RuleInfo;
  readonly verdict: boolean;
  readonly condition: ConditionTrace;
}

/**
 * Evaluates the policies in force over a flow table. Writes `decision.requested`, `decision.score`,
 * `decision.rule` and `decision.slice` of every live row and, while a policy in force is a shadow,
 * the table's `shadow` columns; nothing else.
 *
 * A rule that requests `onload` or `slow-path` holds if its conditions may hold for any packet of
 * the flow; other rules hold only if they hold for all. Of several rules that hold for a flow, the
 * one with the highest priority decides; among equals the first in policy order. Rules of shadow
 * policies never set `decision.requested`; `shadow.requested` is what it would be if every shadow
 * policy were enforced.
 *
 * Its creator, or the engine that it is passed to, disposes it. Then it keeps `rules`, and an
 * `explain` that has begun finishes with the values of the last evaluation; other calls throw.
 */
export interface RuleEvaluator extends Disposable {
  /** Flow rules of all policies, including shadows, by precedence; `decision.rule - 1` is an index. */
  readonly rules: readonly RuleInfo[];
  evaluate(table: FlowTable, context: RuleContext, signal: AbortSignal): Promise<EvaluationReport>;
  /**
   * Evaluates the rules for a few live rows alone, which appeared since the last evaluation: their
   * columns change, and the state of the rules does not. What only the state could say of them is
   * unknown. Only after a first `evaluate`, with the same ports as in the last. Resolves to undefined if
   * the rules compare a flow with the others, so that only the next `evaluate` can decide it. Missing: it
   * always does.
   *
   * @param rows ascending
   */
  evaluateRows?(
    table: FlowTable,
    rows: Int32Array,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport | undefined>;
  /** Facts of the rule that decided a live row in the last evaluation; cheap. */
  inputs(table: FlowTable, row: number, context: RuleContext): readonly FactReading[];
  /** Every rule's verdict on one live row, by precedence. */
  explain(table: FlowTable, row: number, context: RuleContext): Promise<readonly RuleTrace[]>;
}
