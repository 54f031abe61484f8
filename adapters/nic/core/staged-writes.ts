import { setImmediate as turn } from 'node:timers/promises';
import type { RefusalCode } from '../../../engine/model/refusal.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { DeleteQueue } from './delete-queue.ts';
import type { EntryTable } from './entry-table.ts';
import type { FlowMap } from './flow-map.ts';
import type { GracePeriod } from './grace-period.ts';
import type { MaskSet } from './mask-set.ts';
import { notDeleted, refused } from './operation-results.ts';
import { RecycledMemory } from './recycled-memory.ts';
import type { StatsSlots } from './stats-slots.ts';

/** Entries that are written at a time, and operations that are staged between two of these. */
export const STEP = 4096;

/** What is staged for a slot. */
const NOTHING = 0;
const PUT = 1;
const DELETE = 2;

/** No operation waits for the result. */
export const NO_RESULT = -1;

/** Called for a staged put that was not written. */
type Undo = (index: number, code: RefusalCode, why: string) => void;

/** What staged writes work on. */
export interface WriteTables {
  readonly entries: EntryTable;
  readonly flows: FlowMap;
  readonly grace: GracePeriod;
  readonly masks: MaskSet;
  readonly slots: StatsSlots;
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

/**
 * Writes to the kernel in batches, deletes before puts.
 *
 * Entries are never overwritten, and after a delete no entry is written until the programs that
 * were running have finished (see {@link GracePeriod}), so no packet is handled with the entry of
 * another flow. Meanwhile the packets of an entry that is being replaced go to the vSwitch. Each
 * batch waits for at most one grace period, and puts are staged while it passes.
 *
 * An entry, its mask and its counters are released once the kernel has deleted the entry.
 */
export class StagedWrites {
  readonly #t: WriteTables;
  /** Staged puts: their slots, and where their results are. */
  readonly #putSlots: Int32Array;
  readonly #putResults: Int32Array;
  #puts = 0;
  readonly #staged: Uint8Array;
  readonly #deletes: DeleteQueue;
  /** Entries that the kernel did not delete, with the errno; they are retried first. */
  readonly #failedDeletes = new Map<number, string>();
  readonly #memory: RecycledMemory;

  constructor(tables: WriteTables) {
    this.#t = tables;
    const { size } = tables.slots;
    this.#putSlots = new Int32Array(size);
    this.#putResults = new Int32Array(size);
    this.#staged = new Uint8Array(size);
    this.#memory = new RecycledMemory(tables.grace);
    this.#deletes = new DeleteQueue(STEP, tables.entries, tables.flows);
  }

  /** True when a batch is staged, and no grace period keeps it from being written. */
  get isFull(): boolean {
    return this.#deletes.isFull || (this.#puts >= STEP && !this.#memory.isPassing);
  }

  get hasDeletes(): boolean {
    return !this.#deletes.isEmpty;
  }

  /** Entries that the kernel did not delete. */
  get failedDeletes(): ReadonlyMap<number, string> {
    return this.#failedDeletes;
  }

  /** Whether the entry of a slot is staged to be written; false for a negative slot. */
  isPutStaged(slot: number): boolean {
    return this.#staged[slot] === PUT;
  }

  /** Whether the entry of a slot is staged to be deleted; false for a negative slot. */
  isDeleteStaged(slot: number): boolean {
    return this.#staged[slot] === DELETE;
  }

  /** Stages the entry of a slot, and where the result of its operation is. */
  stagePut(slot: number, result: number): void {
    this.#putSlots[this.#puts] = slot;
    this.#putResults[this.#puts] = result;
    this.#puts++;
    this.#staged[slot] = PUT;
    // To publish masks takes a grace period, too.
    if (!this.#t.masks.changed) this.#memory.prepare();
  }

  /** Stages the removal of the entry of a slot; `result`: where the result is, or {@link NO_RESULT}. */
  stageDelete(slot: number, result: number, results: OperationResult[]): void {
    if (this.#deletes.isFull) this.writeDeletes(results);
    this.#deletes.add(slot, result);
    this.#staged[slot] = DELETE;
  }

  /** Deletes what is staged; changes the results of entries that the kernel did not delete. */
  writeDeletes(results: OperationResult[]): void {
    if (this.#deletes.isEmpty) return;
    this.#memory.deleted();
    this.#deletes.write((slot, result, errno) => {
      if (errno !== undefined) {
        this.#failedDeletes.set(slot, errno);
        if (result !== NO_RESULT) results[result] = notDeleted(errno);
      } else {
        this.#failedDeletes.delete(slot);
        // An entry that is being replaced keeps its slot.
        if (this.#staged[slot] === DELETE) this.#forget(slot);
      }
      if (this.#staged[slot] === DELETE) this.#staged[slot] = NOTHING;
    });
  }

  #forget(slot: number): void {
    const { entries, masks, slots, nowMs } = this.#t;
    masks.release(entries.maskIdAt(slot));
    entries.remove(slot);
    slots.drain(slot, nowMs());
  }

  /** Writes all that is staged; changes the results of what the kernel refused. */
  async flush(results: OperationResult[]): Promise<void> {
    this.writeDeletes(results);
    const count = this.#keepWritable();
    this.#puts = 0;
    const undo: Undo = (index, code, why) => {
      results[this.#putResults[index]] = refused(code, `the kernel rejected the entry: ${why}`);
      // An earlier entry in the slot is deleted, too.
      this.stageDelete(this.#putSlots[index], NO_RESULT, results);
    };
    for (let from = 0; from < count; from += STEP) {
      const to = Math.min(from + STEP, count);
      try {
        await this.#settle();
        this.#write(from, to, undo);
      } catch (error) {
        const why = errorMessage(error);
        for (let i = from; i < to; i++) undo(i, 'device-error', why);
      }
      if (to < count) await turn();
    }
    this.writeDeletes(results);
    await this.#memory.finish();
  }

  /**
   * Moves the staged puts together that can be written, and returns their number. Where the old entry
   * was not deleted, the new one is not written; its result says so already.
   */
  #keepWritable(): number {
    let kept = 0;
    for (let i = 0; i < this.#puts; i++) {
      const slot = this.#putSlots[i];
      this.#staged[slot] = NOTHING;
      if (this.#failedDeletes.has(slot)) continue;
      this.#putSlots[kept] = slot;
      this.#putResults[kept] = this.#putResults[i];
      kept++;
    }
    return kept;
  }

  #write(from: number, to: number, undo: Undo): void {
    const slots = this.#putSlots.subarray(from, to);
    const nowNs = process.hrtime.bigint();
    for (const { index, errno } of this.#t.flows.put(this.#t.entries, slots, nowNs)) {
      undo(from + index, errno === 'E2BIG' ? 'table-full' : 'device-error', errno);
    }
  }

  /** Publishes the masks of the entries to insert, and waits until deleted elements are unused. */
  async #settle(): Promise<void> {
    if (!this.#t.masks.changed) return this.#memory.wait();
    await this.#t.masks.commit();
    this.#memory.settled();
  }

  /** Removes idle masks from the program's lookup. */
  async tidyMasks(): Promise<void> {
    if (!this.#t.masks.crowded) return;
    try {
      await this.#t.masks.commit();
      this.#memory.settled();
    } catch {
      // The operations are done; idle masks only cost time, and the next call retries.
    }
  }
}
