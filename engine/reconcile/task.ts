import type { FactReading } from '../model/fact-reading.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ChangeCause, PlannedBy } from '../model/placement-change.ts';
import type { Plan } from '../planner/plan.ts';
import type { Operation } from '../ports/offload-backend.ts';

/** An operation to be sent, and its cause. */
export interface Task {
  readonly operation: Operation;
  /** The flow's row; -1 when the flow is not in the table. */
  readonly row: number;
  readonly cause: ChangeCause;
  /** Undefined if no plan of this tick requested it. */
  readonly plannedBy?: PlannedBy;
}

/** Removes an entry without a plan. */
export function deletion(id: FlowId, row: number, cause: ChangeCause): Task {
  return { operation: { kind: 'delete', id }, row, cause };
}

/** Updates an entry that an audit found to the row's current flow. */
export function adoption(table: FlowTable, row: number): Task {
  return { operation: { kind: 'put', flow: table.specAt(row) }, row, cause: 'audit' };
}

/**
 * The operations of a plan: withdrawals first, so that their entries are free.
 *
 * @param inputs by row, the facts that the rules of the planned changes read; rows may be left out
 */
export function planTasks(
  table: FlowTable,
  plan: Plan,
  inputs: ReadonlyMap<number, readonly FactReading[]>,
): readonly Task[] {
  const tasks: Task[] = [];
  const add = (operation: Operation, row: number, cause: ChangeCause): void => {
    const plannedBy = { rule: table.decision.rule[row], inputs: inputs.get(row) };
    tasks.push({ operation, row, cause, plannedBy });
  };
  for (const [i, row] of plan.withdraw.entries()) {
    add({ kind: 'delete', id: table.idAt(row) }, row, plan.withdrawalCauses[i]);
  }
  for (const row of plan.install) add({ kind: 'put', flow: table.specAt(row) }, row, 'policy');
  return tasks;
}
