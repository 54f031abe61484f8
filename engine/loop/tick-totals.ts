import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';
import type { BackendController, BackendFailure } from './backend-controller.ts';
import type { BackendOperation, Batch, TickReport } from './tick-report.ts';

/** What a tick sums up as it goes, for its report. */
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

  /** Adds what a backend did. */
  applied({ backend }: BackendController, operations: readonly AppliedOperation[]): void {
    for (const operation of operations) {
      this.operations.push({ ...operation, backend: backend.name });
    }
  }

  /** Adds what a backend did for a plan, and the time it took, ms. */
  carriedOut(
    controller: BackendController,
    operations: readonly AppliedOperation[],
    elapsedMs: number,
  ): void {
    this.applied(controller, operations);
    this.stages.applyMs += elapsedMs;
    if (operations.length === 0) return;
    const backend = controller.backend.name;
    this.batches.push({ backend, operations: operations.length, elapsedMs });
  }
}

/** Flows by placement, in the order of PLACEMENT_NAMES. */
export function countPlacements(table: FlowTable): readonly number[] {
  const flows = PLACEMENT_NAMES.map(() => 0);
  for (let i = 0; i < table.count; i++) flows[table.decision.placement[table.rows[i]]]++;
  return flows;
}
