import type { FlowTable } from '../model/flow-table.ts';
import type { RefusalCode } from '../model/refusal.ts';
import type { OperationResult } from '../ports/offload-backend.ts';
import { type PlanTasks, restoration, type Swap, type Task } from './task.ts';

/** Maximum number of batches in which newcomers are installed before entries are removed for them. */
const MAX_ROUNDS = 4;

/**
 * Parts of the table that yield to newcomers without a place, one after the other: few entries are
 * enough where each flow has many places.
 */
const YIELDING = [0.01, 0.04, 0.16] as const;

/** Maximum number of batches of spares, and the least part of a batch that is expected to be accepted. */
const MAX_FILL_ROUNDS = 4;
const MIN_ACCEPTED = 0.1;

/** Refusals after which a newcomer may be accepted once another entry is removed, whichever it is. */
const NO_PLACE: ReadonlySet<RefusalCode> = new Set(['table-full', 'probe-depth']);
/** And those after which the entry that it takes over is tried. */
const NO_ROOM: ReadonlySet<RefusalCode> = new Set([...NO_PLACE, 'mask-table-full']);

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
 * Sends the operations of a plan such that no entry is lost and none lies idle because the backend
 * refuses a newcomer (a hash table without a place for this flow, masks in use).
 *
 * 1. While entries are free, newcomers are installed first, and the entries that they take over are
 *    removed in the next batch. Without a free entry, both operations are in one batch.
 * 2. Newcomers that found no place try again while fillers, which are worth less, yield theirs.
 * 3. The entries removed for newcomers that were refused, and those of the fillers, are installed
 *    again, best first, while entries are free.
 * 4. Spares get what is still free.
 */
export class PlanRun {
  readonly #options: PlanRunOptions;
  /** Entries that are free now. */
  #free: number;
  #tried = 0;
  #refused = 0;
  /** Newcomers that found no place; their refusals are not recorded yet. */
  #waiting: Sent[] = [];
  /** By row, removals that are not recorded yet, because the entries are to be installed again. */
  readonly #vacated = new Map<number, Sent>();

  constructor(options: PlanRunOptions) {
    this.#options = options;
    this.#free = options.free;
  }

  async run(tasks: PlanTasks): Promise<void> {
    try {
      await this.#runSwaps(tasks);
      await this.#retry(tasks.fillersFor);
      await this.#restore();
    } finally {
      // After a failure it is unknown which of them are installed again; an audit finds these.
      for (const gone of this.#vacated.values()) this.#options.record(gone);
      for (const refused of this.#waiting) this.#options.record(refused);
    }
    if (this.#refused > 0) await this.#fill(tasks.spares);
  }

  async #runSwaps({ removals, installations, swaps }: PlanTasks): Promise<void> {
    const free = this.#free + removals.length - installations.length;
    let batch: readonly Task[] = [...removals, ...installations];
    let waiting = swaps;
    const last: Swap[] = [];
    const rounds = free > 0 ? MAX_ROUNDS : 0;
    for (let round = 1; round <= rounds && waiting.length > 0; round++) {
      const now = waiting.slice(0, free);
      const sent = await this.#send([...batch, ...now.map((s) => s.installation)]);
      for (const done of sent.slice(0, batch.length)) this.#recordOrWait(done);
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
      if (!result.ok && NO_ROOM.has(result.refusal.code)) {
        const isCollision = result.refusal.code === 'probe-depth';
        (isCollision && moreRounds ? again : last).push(swap);
        continue;
      }
      this.#options.record(installed[i]);
      if (!result.ok) this.#options.keepEntry(swap.removal.row);
    }
    return again;
  }

  /** Sends `batch`, then swaps that remove the entry before the newcomer is installed. */
  async #exchange(batch: readonly Task[], swaps: readonly Swap[]): Promise<void> {
    const pairs = swaps.flatMap(({ removal, installation }) => [removal, installation]);
    const sent = await this.#send([...batch, ...pairs]);
    for (const done of sent.slice(0, batch.length)) this.#recordOrWait(done);
    for (let i = batch.length; i < sent.length; i += 2) {
      const [removed, installed] = [sent[i], sent[i + 1]];
      if (removed.result.ok && !installed.result.ok) this.#vacated.set(removed.task.row, removed);
      else this.#options.record(removed);
      this.#recordOrWait(installed);
    }
  }

  /** Tries newcomers that found no place again, while fillers yield theirs. */
  async #retry(fillersFor: PlanTasks['fillersFor']): Promise<void> {
    const yielding = new Set<number>();
    for (const share of YIELDING) {
      const waiting = this.#waiting;
      if (waiting.length === 0) return;
      const rows = waiting.map(({ task }) => task.row);
      const fillers = fillersFor(rows, share).filter(({ row }) => !yielding.has(row));
      if (fillers.length === 0) continue;
      for (const { row } of fillers) yielding.add(row);
      const again = this.#bestFirst(waiting.map(({ task }) => task));
      const sent = await this.#send([...fillers, ...again]);
      this.#waiting = [];
      for (const [i, done] of sent.entries()) {
        if (i < fillers.length && done.result.ok) this.#vacated.set(done.task.row, done);
        else this.#recordOrWait(done);
      }
    }
  }

  /** Installs removed entries again, best first, while entries are free. */
  async #restore(): Promise<void> {
    const { table, record, keepEntry } = this.#options;
    const best = this.#bestFirst(Array.from(this.#vacated.values(), ({ task }) => task));
    const back = best.slice(0, Math.max(0, this.#free)).map((task) => restoration(table, task));
    for (const done of await this.#send(back)) {
      const { row } = done.task;
      const removed = this.#vacated.get(row);
      this.#vacated.delete(row);
      if (removed !== undefined && !done.result.ok) record(removed);
      record(done);
      if (done.result.ok) keepEntry(row);
    }
  }

  /**
   * Installs spares into the entries that refusals have left free. As some of them are refused, too,
   * each batch has as many as are expected to fill these entries.
   */
  async #fill(spares: Iterator<Task>): Promise<void> {
    for (let round = 0; round < MAX_FILL_ROUNDS; round++) {
      const accepted = Math.max(MIN_ACCEPTED, 1 - this.#refused / this.#tried);
      const batch = takeFrom(spares, Math.ceil(this.#free / accepted));
      if (batch.length === 0) return;
      for (const done of await this.#send(batch)) this.#options.record(done);
    }
  }

  /** Records a result, unless it is that of a newcomer that may find a place later. */
  #recordOrWait(sent: Sent): void {
    const { task, result } = sent;
    const waits = task.operation.kind === 'put' && !result.ok && NO_PLACE.has(result.refusal.code);
    if (waits) this.#waiting.push(sent);
    else this.#options.record(sent);
  }

  #bestFirst(tasks: readonly Task[]): readonly Task[] {
    const { score } = this.#options.table.decision;
    return tasks.toSorted((a, b) => score[b.row] - score[a.row]);
  }

  async #send(tasks: readonly Task[]): Promise<readonly Sent[]> {
    if (tasks.length === 0) return [];
    const sent = await this.#options.send(tasks);
    for (const { task, result } of sent) {
      if (task.operation.kind === 'put') {
        this.#tried++;
        if (!result.ok) this.#refused++;
        else if (result.outcome === 'installed') this.#free--;
      } else if (result.ok && result.outcome === 'deleted') {
        this.#free++;
      }
    }
    return sent;
  }
}

/** The next tasks, at most `count`. */
function takeFrom(tasks: Iterator<Task>, count: number): Task[] {
  const taken: Task[] = [];
  while (taken.length < count) {
    const next = tasks.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
