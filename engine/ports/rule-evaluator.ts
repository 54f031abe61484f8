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
   * no schedule is active.
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

/** A condition as a tree with the values it compared, as `norikae why` prints it. */
export type ConditionTrace =
  | {
      readonly kind: 'all' | 'any' | 'not';
      readonly verdict: boolean;
      readonly of: readonly ConditionTrace[];
    }
  | {
      readonly kind: 'compare';
      readonly verdict: boolean;
      readonly fact: string;
      readonly operator: string;
      /** Value that the rule compares with. */
      readonly expected: unknown;
      /** Value of the flow or node; undefined if the fact is unknown. */
      readonly actual: unknown;
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
 * Of several rules that hold for a flow, the one with the highest priority decides; among equals the
 * first in policy order. Rules of shadow policies never set `decision.requested`; `shadow.requested`
 * is what it would be if every shadow policy were enforced.
 */
export interface RuleEvaluator {
  /** Flow rules of all policies, including shadows, by precedence; `decision.rule - 1` is an index. */
  readonly rules: readonly RuleInfo[];
  evaluate(table: FlowTable, context: RuleContext, signal: AbortSignal): Promise<EvaluationReport>;
  /** Facts of the rule that decided a live row in the last evaluation; cheap. */
  inputs(table: FlowTable, row: number, context: RuleContext): readonly FactReading[];
  /** Every rule's verdict on one live row, by precedence. */
  explain(table: FlowTable, row: number, context: RuleContext): Promise<readonly RuleTrace[]>;
}
