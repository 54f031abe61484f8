import { setImmediate as turn } from 'node:timers/promises';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal, RefusalCode } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { DeleteQueue } from './delete-queue.ts';
import type { EntryTable } from './entry-table.ts';
import { EntriesNotDeleted } from './errors.ts';
import { FlowEncoder } from './flow-encoder.ts';
import type { FlowMap } from './flow-map.ts';
import type { GracePeriod } from './grace-period.ts';
import type { MaskSet } from './mask-set.ts';
import type { PortTable } from './port-table.ts';
import type { StatsSlots } from './stats-slots.ts';
import { errorMessage } from '../../../text/error-message.ts';

/** Operations per batch. */
const STEP = 4096;

/** What the installer works on. */
export interface Tables {
  readonly entries: EntryTable;
  readonly flows: FlowMap;
  readonly grace: GracePeriod;
  readonly masks: MaskSet;
  readonly ports: PortTable;
  readonly slots: StatsSlots;
  /** Most entries to install. */
  readonly limit: number;
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

const INSTALLED: OperationResult = { ok: true, outcome: 'installed' };
const REPLACED: OperationResult = { ok: true, outcome: 'replaced' };
const UNCHANGED: OperationResult = { ok: true, outcome: 'unchanged' };
const DELETED: OperationResult = { ok: true, outcome: 'deleted' };
const ABSENT: OperationResult = { ok: true, outcome: 'absent' };

function refused(code: RefusalCode, detail: string): OperationResult {
  return { ok: false, refusal: { code, detail } };
}

function notDeleted(errno: string): OperationResult {
  const detail = `the kernel did not delete the entry: ${errno}; the next operation retries`;
  return refused('device-error', detail);
}

/** Time per call for attaching the program to ports, ms; the flows of other ports are refused. */
const OPEN_MS = 500;

/** What is staged for a slot. */
const NOTHING = 0;
const PUT = 1;
const DELETE = 2;

/** No operation waits for the result. */
const NO_RESULT = -1;

/** Result of {@link Installer.removeWhere}. */
export interface Removed {
  /** Flows whose entries were removed. */
  readonly ids: readonly FlowId[];
  /** Set when the kernel did not delete some entries; the next operation retries. */
  readonly failure: EntriesNotDeleted | undefined;
}

/**
 * Executes operations. They are staged and written in batches, deletes before puts; an operation on
 * an entry whose put is staged waits until that is written.
 *
 * Entries are never overwritten, and after a delete no entry is written until the programs that
 * were running have finished (see {@link GracePeriod}), so no packet is handled with the entry of
 * another flow. Meanwhile the packets of an entry that is being replaced go to the vSwitch. Each
 * batch waits for at most one grace period.
 *
 * An entry, its mask and its counters are released once the kernel has deleted the entry.
 */
export class Installer {
  readonly #t: Tables;
  readonly #encoder: FlowEncoder;
  /** Staged puts: their slots, and where their results are. */
  #putSlots: number[] = [];
  #putResults: number[] = [];
  readonly #staged: Uint8Array;
  readonly #deletes: DeleteQueue;
  /** Entries that the kernel did not delete, with the errno; they are retried first. */
  readonly #failedDeletes = new Map<number, string>();
  /**
   * Memory of deleted entries may be in use, including entries deleted before this installer
   * existed.
   */
  #recycled = true;

  constructor(tables: Tables) {
    this.#t = tables;
    this.#encoder = new FlowEncoder(tables.ports);
    this.#staged = new Uint8Array(tables.slots.size);
    this.#deletes = new DeleteQueue(STEP, tables.entries, tables.flows);
  }

  /** One result per operation, in order. Operations left when the signal aborts are refused. */
  async apply(operations: readonly Operation[], signal: AbortSignal): Promise<OperationResult[]> {
    signal.throwIfAborted();
    const results: OperationResult[] = [];
    for (const slot of this.#failedDeletes.keys()) this.#stageDelete(slot, NO_RESULT, results);
    this.#writeDeletes(results);
    await this.#openPorts(operations, signal);
    for (const operation of operations) {
      if (signal.aborted) {
        results.push(refused('device-error', 'the operations were aborted'));
        continue;
      }
      let result = this.#execute(operation, results);
      if (result === undefined) {
        await this.#flush(results);
        result = this.#execute(operation, results);
      }
      results.push(result ?? refused('device-error', 'the entry is being written'));
      if (this.#putSlots.length >= STEP) {
        await this.#flush(results);
        await turn();
      }
    }
    await this.#flush(results);
    await this.#tidyMasks();
    return results;
  }

  /** Attaches the program to the ports by which the flows to install enter, within {@link OPEN_MS}. */
  async #openPorts(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    const { ports, nowMs } = this.#t;
    const untilMs = nowMs() + OPEN_MS;
    for (const operation of operations) {
      if (operation.kind === 'delete') continue;
      const port = ports.get(operation.flow.match.inPort);
      if (port === undefined || port.isAttached) continue;
      if (this.#encoder.encode(operation.flow) !== undefined) continue;
      if (signal.aborted || nowMs() >= untilMs) return;
      await ports.open(port);
      await turn();
    }
  }

  /** Removes the entries that `which` selects, synchronously. */
  removeWhere(which: (slot: number) => boolean): Removed {
    const { entries, slots } = this.#t;
    const picked: number[] = [];
    for (let slot = 0; slot < slots.highWater; slot++) {
      if (!slots.inUse(slot) || !entries.has(slot)) continue;
      if (this.#failedDeletes.has(slot) || which(slot)) picked.push(slot);
    }
    for (const slot of picked) this.#stageDelete(slot, NO_RESULT, []);
    this.#writeDeletes([]);
    const ids = picked
      .filter((slot) => !this.#failedDeletes.has(slot))
      .map((slot) => entries.idAt(slot));
    const [errno] = this.#failedDeletes.values();
    const failure =
      errno === undefined ? undefined : new EntriesNotDeleted(this.#failedDeletes.size, errno);
    return { ids, failure };
  }

  /** Why the flow cannot be expressed with the current ports, or undefined. */
  check(flow: FlowSpec): Refusal | undefined {
    return this.#encoder.encode(flow);
  }

  /** The result, or undefined when the staged operations must be written first. */
  #execute(operation: Operation, results: OperationResult[]): OperationResult | undefined {
    const { entries } = this.#t;
    const id = operation.kind === 'put' ? operation.flow.id : operation.id;
    let installed = entries.find(id);
    if (installed >= 0 && this.#staged[installed] === PUT) return undefined;
    if (installed >= 0 && this.#staged[installed] === DELETE) {
      this.#writeDeletes(results);
      installed = entries.find(id);
    }
    const errno = this.#failedDeletes.get(installed);
    if (errno !== undefined) return notDeleted(errno);
    if (operation.kind === 'put') return this.#put(operation.flow, installed, results);
    if (installed < 0) return ABSENT;
    this.#stageDelete(installed, results.length, results);
    return DELETED;
  }

  #put(flow: FlowSpec, old: number, results: OperationResult[]): OperationResult | undefined {
    const { entries, masks, ports } = this.#t;
    const encoder = this.#encoder;
    const refusal = encoder.encode(flow);
    if (refusal !== undefined) {
      // The installed entry no longer matches the vSwitch's actions.
      if (old >= 0) this.#stageDelete(old, NO_RESULT, results);
      return { ok: false, refusal };
    }
    if (!ports.get(flow.match.inPort)?.isAttached) {
      const why = `the program is not attached to port ${flow.match.inPort} yet`;
      return refused('port-unavailable', why);
    }
    encoder.maskId = masks.idOf(encoder.mask);
    // The vSwitch recreated the megaflow under another ufid: the new entry replaces the old one.
    const owner = entries.findKey(encoder.key);
    if (owner >= 0 && this.#staged[owner] === PUT) return undefined;
    if (old >= 0 && owner === old) return this.#replace(old, results);
    for (const slot of [old, owner]) {
      if (slot >= 0 && this.#staged[slot] === NOTHING) this.#stageDelete(slot, NO_RESULT, results);
    }
    if (old >= 0 || owner >= 0) this.#writeDeletes(results);
    const errno = this.#failedDeletes.get(old) ?? this.#failedDeletes.get(owner);
    if (errno !== undefined) return notDeleted(errno);
    const outcome = old >= 0 ? REPLACED : INSTALLED;
    const result = this.#install(flow.id, outcome, results.length);
    if (result.ok || this.#deletes.isEmpty) return result;
    // Staged deletes still occupy entries and masks: write them, then try again.
    this.#writeDeletes(results);
    return this.#install(flow.id, outcome, results.length);
  }

  #replace(slot: number, results: OperationResult[]): OperationResult {
    const { value } = this.#encoder;
    this.#encoder.statsSlot = slot;
    if (this.#t.entries.isSame(slot, value)) return UNCHANGED;
    this.#stageDelete(slot, results.length, results);
    this.#t.entries.replaceValue(slot, value);
    this.#stagePut(slot, results.length);
    return REPLACED;
  }

  #install(id: FlowId, outcome: OperationResult, result: number): OperationResult {
    const { entries, masks, limit } = this.#t;
    const encoder = this.#encoder;
    if (entries.count >= limit) {
      return refused('table-full', `all ${limit} entries are in use`);
    }
    const maskId = masks.acquire(encoder.mask);
    if (maskId < 0) {
      return refused('mask-table-full', `all ${masks.limit} masks are in use`);
    }
    const slot = this.#takeSlot(id);
    if (slot < 0) {
      masks.release(maskId);
      return refused('table-full', 'the counters of deleted entries have not been read yet');
    }
    encoder.maskId = maskId;
    encoder.statsSlot = slot;
    entries.add(slot, id, encoder.key, encoder.value);
    this.#stagePut(slot, result);
    return outcome;
  }

  /** The flow's earlier slot while its counters await their last reading, otherwise a free one. */
  #takeSlot(id: FlowId): number {
    const { entries, slots } = this.#t;
    const gone = entries.findGone(id);
    if (gone < 0) return slots.allocate();
    entries.forgetGone(gone);
    slots.resume(gone);
    return gone;
  }

  #stagePut(slot: number, result: number): void {
    this.#putSlots.push(slot);
    this.#putResults.push(result);
    this.#staged[slot] = PUT;
  }

  #stageDelete(slot: number, result: number, results: OperationResult[]): void {
    if (this.#deletes.isFull) this.#writeDeletes(results);
    this.#deletes.add(slot, result);
    this.#staged[slot] = DELETE;
  }

  #writeDeletes(results: OperationResult[]): void {
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

  async #flush(results: OperationResult[]): Promise<void> {
    const { entries, flows } = this.#t;
    this.#writeDeletes(results);
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
      this.#stageDelete(slots[index], NO_RESULT, results);
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
    this.#writeDeletes(results);
  }

  /** Publishes the masks of the entries to insert, and waits until deleted elements are unused. */
  async #settle(): Promise<void> {
    if (this.#t.masks.changed) await this.#t.masks.commit();
    else if (this.#recycled) await this.#t.grace.wait();
    this.#recycled = false;
  }

  /** Removes idle masks from the program's lookup. */
  async #tidyMasks(): Promise<void> {
    if (!this.#t.masks.crowded) return;
    try {
      await this.#t.masks.commit();
      this.#recycled = false;
    } catch {
      // The operations are done; idle masks only cost time, and the next call retries.
    }
  }
}
