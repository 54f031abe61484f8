import type { FlowTable } from '../model/flow-table.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import type { BackendController } from './backend-controller.ts';
import { type BackendFailure, BackendsFailed } from './backend-failure.ts';

/** The controllers of all backends, and the queue through which all calls to backends go. */
export class BackendSet {
  readonly all: readonly BackendController[];
  readonly #serial = new SerialQueue();
  /** Number of the last reading whose removed flows' entries are marked for removal. */
  #markedReading = -1;

  constructor(controllers: readonly BackendController[]) {
    this.all = controllers;
  }

  /** The controllers of the backends that have started. */
  get up(): readonly BackendController[] {
    return this.all.filter((controller) => controller.up);
  }

  /** The controller of a backend; undefined if the set does not have it. */
  of(backend: OffloadBackend): BackendController | undefined {
    return this.all.find((controller) => controller.backend === backend);
  }

  /** True if the flows of the table contradict an entry, which only a tick removes. */
  contradicts(table: FlowTable): boolean {
    return this.up.some(({ backend }) => (backend.contradicted?.(table) ?? []).length > 0);
  }

  /** Runs a task when all earlier ones have settled, so that calls to backends never overlap. */
  inTurn<T>(task: () => T | Promise<T>): Promise<T> {
    return this.#serial.run(task);
  }

  /** Runs a task for each backend that is up; a failure does not stop the others. */
  async forEach(
    task: (controller: BackendController) => Promise<void>,
  ): Promise<readonly BackendFailure[]> {
    const failures: BackendFailure[] = [];
    for (const controller of this.all) {
      if (!controller.up) continue;
      try {
        await task(controller);
      } catch (error) {
        failures.push({ backend: controller.backend.name, error });
      }
    }
    return failures;
  }

  /**
   * The same for a request that must succeed on each of them.
   *
   * @param what the request, for the error
   * @throws {BackendsFailed} after the task has run for all
   */
  async requireEach(
    what: string,
    task: (controller: BackendController) => Promise<void>,
  ): Promise<void> {
    const failures = await this.forEach(task);
    if (failures.length > 0) throw new BackendsFailed(what, failures);
  }

  /** Marks the entries of flows that the last reading removed, for all backends. */
  markRemoved(table: FlowTable): void {
    for (const controller of this.all) controller.markRemoved(table);
    this.#markedReading = table.readings;
  }

  /** True if the last reading of the table has been passed to {@link markRemoved}. */
  hasMarkedRemoved(table: FlowTable): boolean {
    return table.readings === this.#markedReading;
  }
}
