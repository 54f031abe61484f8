import type { FlowTable } from '../model/flow-table.ts';
import type { RefusalCode } from '../model/refusal.ts';
import type { OperationResult } from '../ports/offload-backend.ts';
import { type PlanTasks, restoration, type Swap, type Task } from './task.ts';

/** Maximum number of batches in which newcomers are installed before entries are removed for them. */
const MAX_ROUNDS = 4;

/** Refusals after which a newcomer may be accepted once the entry it takes over is removed. */
const NO_ROOM: ReadonlySet<RefusalCode> = new Set(['table-full', 'mask-table-full']);

/** A task that was sent to the backend, and the result. */
export interface Sent {
  readonly task: Task;
  /** Version of the flow's match and actions that was sent; 0 without a row. */
  readonly version: number;
  readonly result: OperationResult;
}

/** Inputs of {@link PlanRun}. */
export interface PlanRunOptions {
  readonly table: FlowTable;
  /** Free entries of the backend, before the plan. */
  readonly free: number;
  /** Sends a batch; results have the same order. */
  readonly send: (tasks: readonly Task[]) => Promise<readonly Sent[]>;
  /** Records the result of a task. */
  readonly record: (sent: Sent) => void;
  /** Records that a row keeps its entry, because the newcomer was refused. */
  readonly keepEntry: (row: number) => void;
}

/**
 * Sends the operations of a plan such that no flow loses its entry to a newcomer that the backend
 * refuses (a hash table without a place for this flow, masks in use).
 *
 * While entries are free, newcomers are installed first, and the entries that they take over are
 * removed in the next batch. These removals free other places, so that a newcomer that found none
 * within its probe depth tries again. Without a free entry, both operations are in one batch, and
 * the removed entry is installed again if the newcomer was refused.
 */
export class PlanRun {
  readonly #options: PlanRunOptions;

  constructor(options: PlanRunOptions) {
    this.#options = options;
  }

  async run({ removals, installations, swaps }: PlanTasks): Promise<void> {
    const free = this.#options.free + removals.length - installations.length;
    let batch: readonly Task[] = [...removals, ...installations];
    let waiting = swaps;
    const last: Swap[] = [];
    const rounds = free > 0 ? MAX_ROUNDS : 0;
    for (let round = 1; round <= rounds && waiting.length > 0; round++) {
      const now = waiting.slice(0, free);
      const sent = await this.#options.send([...batch, ...now.map((s) => s.installation)]);
      for (const done of sent.slice(0, batch.length)) this.#options.record(done);
      const installed = sent.slice(batch.length);
      // Their removal leaves as many free entries for the next newcomers.
      batch = now.filter((_, i) => installed[i].result.ok).map((s) => s.removal);
      const again = this.#sortOut(now, installed, round < rounds && batch.length > 0, last);
      waiting = [...again, ...waiting.slice(free)];
    }
    await this.#exchange(batch, [...waiting, ...last]);
  }

  /**
   * Records the results of newcomers. Returns those that try again in the next round, and adds
   * those that need the entry they take over to `last`.
   */
  #sortOut(
    swaps: readonly Swap[],
    installed: readonly Sent[],
    moreRounds: boolean,
    last: Swap[],
  ): readonly Swap[] {
    const again: Swap[] = [];
    for (const [i, swap] of swaps.entries()) {
      const { result } = installed[i];
      if (!result.ok && result.refusal.code === 'probe-depth' && moreRounds) {
        again.push(swap);
        continue;
      }
      this.#options.record(installed[i]);
      if (result.ok) continue;
      if (NO_ROOM.has(result.refusal.code)) last.push(swap);
      else this.#options.keepEntry(swap.removal.row);
    }
    return again;
  }

  /** Sends `batch`, then swaps that remove the entry before the newcomer is installed. */
  async #exchange(batch: readonly Task[], swaps: readonly Swap[]): Promise<void> {
    const { table, record, keepEntry, send } = this.#options;
    const pairs = swaps.flatMap(({ removal, installation }) => [removal, installation]);
    if (batch.length + pairs.length === 0) return;
    const sent = await send([...batch, ...pairs]);
    for (const done of sent.slice(0, batch.length)) record(done);
    /** Removed entries whose newcomers were refused. */
    const vacated: Sent[] = [];
    for (let i = batch.length; i < sent.length; i += 2) {
      const [removed, installed] = [sent[i], sent[i + 1]];
      if (removed.result.ok && !installed.result.ok) vacated.push(removed);
      else record(removed);
      record(installed);
    }
    if (vacated.length === 0) return;
    const restored = await this.#restore(table, vacated);
    for (const [i, done] of restored.entries()) {
      if (!done.result.ok) record(vacated[i]);
      record(done);
      if (done.result.ok) keepEntry(done.task.row);
    }
  }

  async #restore(table: FlowTable, vacated: readonly Sent[]): Promise<readonly Sent[]> {
    try {
      return await this.#options.send(vacated.map(({ task }) => restoration(table, task)));
    } catch (error) {
      // Whether they are installed again is unknown; an audit finds those that are.
      for (const removed of vacated) this.#options.record(removed);
      throw error;
    }
  }
}
