import type { RefusalCode } from '../../../engine/model/refusal.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { DeleteQueue } from './delete-queue.ts';
import type { EntryTable } from './entry-table.ts';
import type { FlowMap } from './flow-map.ts';
import type { GracePeriod } from './grace-period.ts';
import { notDeleted, refused } from './operation-results.ts';
import type { PutBatch } from './put-batch.ts';
import { PutQueue } from './put-queue.ts';
import { RecycledMemory } from './recycled-memory.ts';
import type { StatsSlots } from './stats-slots.ts';
import type { SharedParts } from './shared-parts.ts';

/** Entries that are written or deleted at a time. */
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
  readonly slots: StatsSlots;
  readonly parts: SharedParts;
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
 * Puts are written in a worker thread, and further ones are staged meanwhile. No entry is deleted
 * until they are written: the kernel would give its memory to one of them.
 *
 * An entry, its mask and its counters are released once the kernel has deleted the entry.
 */
export class StagedWrites {
  readonly #t: WriteTables;
  readonly #puts = new PutQueue(STEP, (batch) => this.#writePuts(batch));
  readonly #staged: Uint8Array;
  readonly #deletes: DeleteQueue;
  /** Entries that the kernel did not delete, with the errno; they are retried first. */
  readonly #failedDeletes = new Map<number, string>();
  readonly #memory: RecycledMemory;
  /** Results of the operations that are being applied. */
  #results: OperationResult[] = [];

  constructor(tables: WriteTables) {
    this.#t = tables;
    this.#staged = new Uint8Array(tables.slots.size);
    this.#memory = new RecycledMemory(tables.grace);
    this.#deletes = new DeleteQueue(STEP, tables.entries, tables.flows);
  }

  /** Starts a series of operations; failures of their writes go to `results`. */
  begin(results: OperationResult[]): void {
    this.#results = results;
  }

  /** True when a batch is staged. */
  get isFull(): boolean {
    return this.#deletes.isFull || this.#puts.filling.isFull;
  }

  /** False while puts are being written: nothing may be deleted before {@link flush}. */
  get canDelete(): boolean {
    return !this.#puts.isWriting;
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
    return slot >= 0 && this.#staged[slot] === PUT;
  }

  /** Whether the entry of a slot is staged to be deleted; false for a negative slot. */
  isDeleteStaged(slot: number): boolean {
    return slot >= 0 && this.#staged[slot] === DELETE;
  }

  /** Stages the entry of a slot, and where the result of its operation is. */
  stagePut(slot: number, result: number, key: Uint32Array, value: Uint32Array): void {
    this.#puts.filling.add(slot, result, key, value);
    this.#staged[slot] = PUT;
    // To publish masks takes a grace period, too.
    if (!this.#t.parts.masks.changed) this.#memory.prepare();
  }

  /** Stages the removal of the entry of a slot; `result`: where the result is, or {@link NO_RESULT}. */
  stageDelete(slot: number, result: number): void {
    if (this.#deletes.isFull) this.writeDeletes();
    this.#deletes.add(slot, result);
    this.#staged[slot] = DELETE;
  }

  /**
   * Deletes what is staged, provided that it {@link canDelete}; changes the results of entries that
   * the kernel did not delete.
   */
  writeDeletes(): void {
    if (this.#deletes.isEmpty) return;
    this.#memory.deleted();
    this.#deletes.write((slot, result, errno) => {
      if (errno !== undefined) {
        this.#failedDeletes.set(slot, errno);
        if (result !== NO_RESULT) this.#results[result] = notDeleted(errno);
      } else {
        this.#failedDeletes.delete(slot);
        // An entry that is being replaced keeps its slot.
        if (this.#staged[slot] === DELETE) this.#forget(slot);
      }
      if (this.#staged[slot] === DELETE) this.#staged[slot] = NOTHING;
    });
  }

  #forget(slot: number): void {
    const { entries, parts, slots, nowMs } = this.#t;
    parts.letGo(entries.partsAt(slot));
    entries.remove(slot);
    slots.drain(slot, nowMs());
  }

  /** Lets a batch be written, deletes first; waits for earlier batches only if there are deletes. */
  async submit(): Promise<void> {
    if (!this.#deletes.isEmpty) {
      await this.#puts.written();
      this.writeDeletes();
    }
    await this.#puts.submit();
  }

  /** Writes all that is staged; changes the results of what the kernel refused. */
  async flush(): Promise<void> {
    await this.submit();
    await this.#puts.written();
    this.writeDeletes();
    this.prepare();
  }

  /** Begins the wait that the next put needs after deletes, so that it is over by then, or nearly. */
  prepare(): void {
    this.#memory.prepare();
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    await this.#memory.finish();
  }

  async #writePuts(batch: PutBatch): Promise<void> {
    try {
      await this.#settle();
      // Where the old entry was not deleted, the new one is not written; its result says so already.
      if (this.#failedDeletes.size > 0) this.#dropFailed(batch);
      this.#t.parts.write();
      const failures = await this.#t.flows.put(batch);
      for (const slot of batch.slots.subarray(0, batch.count)) this.#staged[slot] = NOTHING;
      for (const { index, errno } of failures) {
        this.#undo(batch, index, errno === 'E2BIG' ? 'table-full' : 'device-error', errno);
      }
    } catch (error) {
      const why = errorMessage(error);
      for (let i = 0; i < batch.count; i++) this.#undo(batch, i, 'device-error', why);
    }
  }

  #dropFailed(batch: PutBatch): void {
    batch.keep((slot) => {
      const isKept = !this.#failedDeletes.has(slot);
      if (!isKept) this.#staged[slot] = NOTHING;
      return isKept;
    });
  }

  /** Refuses a put that was not written. */
  #undo(batch: PutBatch, index: number, code: RefusalCode, why: string): void {
    this.#results[batch.results[index]] = refused(code, `the kernel rejected the entry: ${why}`);
    // An earlier entry in the slot is deleted, too.
    this.stageDelete(batch.slots[index], NO_RESULT);
  }

  /** Publishes the masks of the entries to insert, and waits until deleted elements are unused. */
  async #settle(): Promise<void> {
    if (!this.#t.parts.masks.changed) return this.#memory.wait();
    await this.#t.parts.masks.commit();
    this.#memory.settled();
  }

  /** Removes idle masks from the program's lookup. */
  async tidyMasks(): Promise<void> {
    if (!this.#t.parts.masks.crowded) return;
    try {
      await this.#t.parts.masks.commit();
      this.#memory.settled();
    } catch {
      // The operations are done; idle masks only cost time, and the next call retries.
    }
  }
}
