import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { BackendController } from './backend-controller.ts';
import type { Move } from '../reconcile/reconciler.ts';
import type { FactReading } from '../ports/rule-evaluator.ts';
import type { BackendMove, Batch } from './tick-report.ts';

/** What a tick's decision writes down as it goes. */
export interface TickTotals {
  readonly moves: BackendMove[];
  readonly batches: Batch[];
  readonly stages: { planMs: number; applyMs: number };
}

/** Writes down what a backend did, and what led to it where that is known. */
export function collect(
  into: BackendMove[],
  controller: BackendController,
  moves: readonly Move[],
  inputsOf?: (row: number) => readonly FactReading[] | null,
): void {
  const placement = PLACEMENT_NAMES[controller.reconciler.placement];
  const backend = controller.backend.name;
  for (const move of moves) {
    into.push({
      ...move,
      backend,
      placement,
      ...(inputsOf === undefined ? {} : { inputs: inputsOf(move.row) }),
    });
  }
}

/** Flows by placement, in the order of PLACEMENT_NAMES. */
export function countPlacements(table: FlowTable): readonly number[] {
  const flows = PLACEMENT_NAMES.map(() => 0);
  for (let i = 0; i < table.count; i++) flows[table.decision.placement[table.rows[i]]]++;
  return flows;
}
