import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PlacementName, RequestedPlacement } from '../model/flow.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { NodeState } from '../model/tick.ts';

/** Whether what a policy asks for is done, or decided and recorded alone. */
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

/** What the rules may look at besides the flow. */
export interface RuleContext {
  /** Clock, ms. */
  readonly nowMs: number;
  /**
   * Wall clock, ms since 1970-01-01 UTC, for schedules and facts of time; left out: not known,
   * and no schedule is active.
   */
  readonly wallMs?: number | undefined;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
  /** Share of the backends' entries in use, 0 to 1. */
  readonly tableFill: number;
  /** Each backend's table; left out: not known. */
  readonly tables?: readonly TableUse[];
}

/** How an evaluation went. */
export interface EvaluationReport {
  /** Flows: all that are live. */
  readonly evaluated: number;
  /** The slices that `decision.slice` counts, from 1; left out: none. */
  readonly slices?: readonly SliceQuota[];
  readonly elapsedMs: number;
}

/** A condition with the value it saw, as a tree: what `norikae why` prints. */
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
      /** What the rule compares with. */
      readonly expected: unknown;
      /** What the flow or node has; undefined when the fact is not known. */
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
 * Of several rules that hold for a flow the highest priority speaks; among equals the first in
 * policy order. Rules of shadow policies never make `decision.requested`; `shadow.requested` is what it
 * would be if every shadow policy were enforced.
 */
export interface RuleEvaluator {
  /** Flow rules of all policies, shadows included, in speaking order: `decision.rule - 1` is an index. */
  readonly rules: readonly RuleInfo[];
  evaluate(table: FlowTable, context: RuleContext, signal: AbortSignal): Promise<EvaluationReport>;
  /** What the rule that spoke for a live row in the last evaluation looks at; cheap. */
  inputs(table: FlowTable, row: number, context: RuleContext): readonly FactReading[];
  /** Every rule's verdict on one live row, in order of priority. */
  explain(table: FlowTable, row: number, context: RuleContext): Promise<readonly RuleTrace[]>;
}
