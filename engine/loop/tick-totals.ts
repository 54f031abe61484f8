import { pathOf } from '../model/carriage.ts';
import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';
import type { BackendController } from './backend-controller.ts';
import type { BackendFailure } from './backend-failure.ts';
import type { BackendOperation, Batch, TickReport } from './tick-report.ts';

/** Collects the results of a tick for its report. */
export class TickTotals {
  readonly operations: BackendOperation[] = [];
  readonly batches: Batch[] = [];
  readonly failures: BackendFailure[] = [];
  readonly stages: { -readonly [K in keyof TickReport['stages']]: TickReport['stages'][K] } = {
    enforceMs: 0,
    rulesMs: 0,
    planMs: 0,
    applyMs: 0,
  };

  /** Adds operations of a backend. */
  addOperations({ backend }: BackendController, operations: readonly AppliedOperation[]): void {
    for (const operation of operations) {
      this.operations.push({ ...operation, backend: backend.name });
    }
  }

  /** Adds the operations of an applied plan, and the time they took, ms. */
  addPlan(
    controller: BackendController,
    operations: readonly AppliedOperation[],
    elapsedMs: number,
  ): void {
    this.addOperations(controller, operations);
    this.stages.applyMs += elapsedMs;
    if (operations.length === 0) return;
    const backend = controller.backend.name;
    this.batches.push({ backend, operations: operations.length, elapsedMs });
  }
}

/** Number of live flows by the path that their packets take, in the order of PLACEMENT_NAMES. */
export function countPlacements(table: FlowTable): readonly number[] {
  const flows = PLACEMENT_NAMES.map(() => 0);
  for (let i = 0; i < table.count; i++) flows[pathOf(table, table.rows[i])]++;
  return flows;
}
