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

/** A newcomer that takes over the entry of another flow. */
export interface Swap {
  readonly removal: Task;
  readonly installation: Task;
}

/** The operations of a plan. */
export interface PlanTasks {
  /** Removals in any case. */
  readonly removals: readonly Task[];
  /** Installations into free entries, best first. */
  readonly installations: readonly Task[];
  /** Best first. */
  readonly swaps: readonly Swap[];
  /**
   * Removals of the entries that are worth least, for newcomers that found no place.
   *
   * @param refused rows of the newcomers
   * @param share part of the table that is to yield, 0 to 1
   */
  readonly fillersFor: (refused: readonly number[], share: number) => readonly Task[];
  /** Installations while entries stay free, best first; each is made when it is asked for. */
  readonly spares: Iterator<Task>;
}

/** The flow of a task's entry. */
export function flowIdOf({ operation }: Task): FlowId {
  return operation.kind === 'put' ? operation.flow.id : operation.id;
}

/** Removes an entry without a plan. */
export function deletion(id: FlowId, row: number, cause: ChangeCause): Task {
  return { operation: { kind: 'delete', id }, row, cause };
}

/** Updates an entry that an audit found to the row's current flow. */
export function adoption(table: FlowTable, row: number): Task {
  return { operation: { kind: 'put', flow: table.specAt(row) }, row, cause: 'audit' };
}

/** Installs the entry again that a task removed. */
export function restoration(table: FlowTable, { row, cause, plannedBy }: Task): Task {
  return {
    operation: { kind: 'put', flow: table.specAt(row) },
    row,
    cause,
    ...(plannedBy === undefined ? {} : { plannedBy }),
  };
}

/**
 * The operations of a plan.
 *
 * @param inputs by row, the facts that the rules of the planned changes read; rows may be left out
 */
export function planTasks(
  table: FlowTable,
  plan: Plan,
  inputs: ReadonlyMap<number, readonly FactReading[]>,
): PlanTasks {
  const task = (operation: Operation, row: number, cause: ChangeCause): Task => {
    const plannedBy = { rule: table.decision.rule[row], inputs: inputs.get(row) };
    return { operation, row, cause, plannedBy };
  };
  const installationOf = (row: number): Task =>
    task({ kind: 'put', flow: table.specAt(row) }, row, 'policy');
  const removals = new Map<number, Task>();
  for (const [i, row] of plan.withdraw.entries()) {
    const operation = { kind: 'delete', id: table.idAt(row) } as const;
    removals.set(row, task(operation, row, plan.withdrawalCauses[i]));
  }
  const installations: Task[] = [];
  const swaps: Swap[] = [];
  for (const [i, row] of plan.install.entries()) {
    const installation = installationOf(row);
    const removal = removals.get(plan.replaced[i]);
    if (removal === undefined) {
      installations.push(installation);
    } else {
      removals.delete(plan.replaced[i]);
      swaps.push({ removal, installation });
    }
  }
  const fillersFor: PlanTasks['fillersFor'] = (refused, share) =>
    plan
      .fillersFor(refused, share)
      .map((row) => task({ kind: 'delete', id: table.idAt(row) }, row, 'displacement'));
  const spares = eachOf(plan.spares, installationOf);
  return { removals: [...removals.values()], installations, swaps, fillersFor, spares };
}

function* eachOf(rows: Int32Array, taskOf: (row: number) => Task): Generator<Task> {
  for (const row of rows) yield taskOf(row);
}
