import type { RefusalCode } from '../../../engine/model/refusal.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { DeleteQueue } from './delete-queue.ts';
import type { EntryTable } from './entry-table.ts';
import type { FlowMap } from './flow-map.ts';
import type { GracePeriod } from './grace-period.ts';
import type { MaskSet } from './mask-set.ts';
import { notDeleted, refused } from './operation-results.ts';
import type { StatsSlots } from './stats-slots.ts';

/** Operations per batch. */
const STEP = 4096;

/** What is staged for a slot. */
const NOTHING = 0;
const PUT = 1;
const DELETE = 2;

/** No operation waits for the result. */
export const NO_RESULT = -1;

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
 * batch waits for at most one grace period.
 *
 * An entry, its mask and its counters are released once the kernel has deleted the entry.
 */
export class StagedWrites {
  readonly #t: WriteTables;
  /** Staged puts: their slots, and where their results are. */
  #putSlots: number[] = [];
  #putResults: number[] = [];
  readonly #staged: Uint8Array;
  readonly #deletes: DeleteQueue;
  /** Entries that the kernel did not delete, with the errno; they are retried first. */
  readonly #failedDeletes = new Map<number, string>();
  /**
   * Memory of deleted entries may be in use, including entries deleted before this object existed.
   */
  #recycled = true;

  constructor(tables: WriteTables) {
    this.#t = tables;
    this.#staged = new Uint8Array(tables.slots.size);
    this.#deletes = new DeleteQueue(STEP, tables.entries, tables.flows);
  }

  /** True when the staged puts fill a batch. */
  get isFull(): boolean {
    return this.#putSlots.length >= STEP;
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
    this.#putSlots.push(slot);
    this.#putResults.push(result);
    this.#staged[slot] = PUT;
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
    this.#recycled = true;
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
    const { entries, flows } = this.#t;
    this.writeDeletes(results);
    if (this.#putSlots.length === 0) return;
    for (const slot of this.#putSlots) this.#staged[slot] = NOTHING;
    // Where the old entry was not deleted, the new one is not written; its result says so already.
    const isFree = (_: unknown, i: number) => !this.#failedDeletes.has(staged[i]);
    const staged = this.#putSlots;
    const slots = staged.filter(isFree);
    const places = this.#putResults.filter(isFree);
    this.#putSlots = [];
    this.#putResults = [];
    const undo = (index: number, code: RefusalCode, why: string) => {
      results[places[index]] = refused(code, `the kernel rejected the entry: ${why}`);
      // An earlier entry in the slot is deleted, too.
      this.stageDelete(slots[index], NO_RESULT, results);
    };
    try {
      await this.#settle();
      for (const { index, errno } of flows.put(entries, slots, process.hrtime.bigint())) {
        undo(index, errno === 'E2BIG' ? 'table-full' : 'device-error', errno);
      }
    } catch (error) {
      const why = errorMessage(error);
      slots.forEach((_, index) => undo(index, 'device-error', why));
    }
    this.writeDeletes(results);
  }

  /** Publishes the masks of the entries to insert, and waits until deleted elements are unused. */
  async #settle(): Promise<void> {
    if (this.#t.masks.changed) await this.#t.masks.commit();
    else if (this.#recycled) await this.#t.grace.wait();
    this.#recycled = false;
  }

  /** Removes idle masks from the program's lookup. */
  async tidyMasks(): Promise<void> {
    if (!this.#t.masks.crowded) return;
    try {
      await this.#t.masks.commit();
      this.#recycled = false;
    } catch {
      // The operations are done; idle masks only cost time, and the next call retries.
    }
  }
}
