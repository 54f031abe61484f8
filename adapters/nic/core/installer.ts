import { setImmediate as turn } from 'node:timers/promises';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { EntriesNotDeleted } from './errors.ts';
import { FlowEncoder } from './flow-encoder.ts';
import type { Outputs } from './hook.ts';
import {
  ABSENT,
  DELETED,
  INSTALLED,
  notDeleted,
  refused,
  REPLACED,
  UNCHANGED,
} from './operation-results.ts';
import type { PortTable } from './port-table.ts';
import { NO_RESULT, StagedWrites, type WriteTables } from './staged-writes.ts';

/** What the installer works on. */
export interface Tables extends WriteTables {
  readonly ports: PortTable;
  readonly outputs: Outputs;
  /** Most entries to install. */
  readonly limit: number;
}

/** Operations between two turns of the event loop, in which the next batch begins to be written. */
const OPERATIONS_PER_TURN = 1024;

/** Time per call for attaching the program to ports, ms; the flows of other ports are refused. */
const OPEN_MS = 500;

/** Result of {@link Installer.removeWhere}. */
export interface Removed {
  /** Flows whose entries were removed. */
  readonly ids: readonly FlowId[];
  /** Set when the kernel did not delete some entries; the next operation retries. */
  readonly failure: EntriesNotDeleted | undefined;
}

/**
 * Executes operations. They are staged and written in batches (see {@link StagedWrites}); an
 * operation on an entry whose put is staged waits until that is written.
 */
export class Installer {
  readonly #t: Tables;
  readonly #encoder: FlowEncoder;
  readonly #writes: StagedWrites;

  constructor(tables: Tables) {
    this.#t = tables;
    this.#encoder = new FlowEncoder(tables.ports.served, tables.outputs);
    this.#writes = new StagedWrites(tables);
  }

  /** One result per operation, in order. Operations left when the signal aborts are refused. */
  async apply(operations: readonly Operation[], signal: AbortSignal): Promise<OperationResult[]> {
    signal.throwIfAborted();
    const results: OperationResult[] = [];
    const writes = this.#writes;
    writes.begin(results);
    for (const slot of writes.failedDeletes.keys()) writes.stageDelete(slot, NO_RESULT);
    writes.writeDeletes();
    await this.#openPorts(operations, signal);
    try {
      await this.#stageAll(operations, results, signal);
    } finally {
      await writes.flush();
    }
    await writes.tidyMasks();
    return results;
  }

  async #stageAll(
    operations: readonly Operation[],
    results: OperationResult[],
    signal: AbortSignal,
  ): Promise<void> {
    const writes = this.#writes;
    while (results.length < operations.length) {
      if (signal.aborted) {
        results.push(refused('device-error', 'the operations were aborted'));
        continue;
      }
      if (!this.#stageSome(operations, results)) {
        await writes.flush();
        const result = this.#execute(operations[results.length], results.length);
        results.push(result ?? refused('device-error', 'the entry is being written'));
      }
      if (writes.isFull) await writes.submit();
      await turn();
    }
  }

  /**
   * Stages the operations without a result, until a batch is full or it is time for a turn of the event
   * loop. False when the next one has to wait until what is staged is written.
   */
  #stageSome(operations: readonly Operation[], results: OperationResult[]): boolean {
    const writes = this.#writes;
    const end = Math.min(operations.length, results.length + OPERATIONS_PER_TURN);
    for (let at = results.length; at < end && !writes.isFull; at++) {
      const result = this.#execute(operations[at], at);
      if (result === undefined) return false;
      results.push(result);
    }
    return true;
  }

  /** Attaches the program to the ports by which the flows to install enter, within {@link OPEN_MS}. */
  async #openPorts(operations: readonly Operation[], signal: AbortSignal): Promise<void> {
    const { ports, nowMs } = this.#t;
    if (ports.served.areAttached) return;
    const untilMs = nowMs() + OPEN_MS;
    for (const operation of operations) {
      if (operation.kind === 'delete') continue;
      const port = ports.served.get(operation.flow.match.inPort);
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
      if (this.#writes.failedDeletes.has(slot) || which(slot)) picked.push(slot);
    }
    this.#writes.begin([]);
    for (const slot of picked) this.#writes.stageDelete(slot, NO_RESULT);
    this.#writes.writeDeletes();
    this.#writes.prepare();
    const ids = picked
      .filter((slot) => !this.#writes.failedDeletes.has(slot))
      .map((slot) => entries.idAt(slot));
    const [errno] = this.#writes.failedDeletes.values();
    const failure =
      errno === undefined
        ? undefined
        : new EntriesNotDeleted(this.#writes.failedDeletes.size, errno);
    return { ids, failure };
  }

  /** Waits until no call to the kernel is under way; no operation may be running. */
  settled(): Promise<void> {
    return this.#writes.settled();
  }

  /** Why the flow cannot be expressed with the current ports, or undefined. */
  check(flow: FlowSpec): Refusal | undefined {
    return this.#encoder.encode(flow);
  }

  /**
   * The result, which goes to the index `at`, or undefined when the staged operations must be written
   * first.
   */
  #execute(operation: Operation, at: number): OperationResult | undefined {
    const { entries } = this.#t;
    const id = operation.kind === 'put' ? operation.flow.id : operation.id;
    let installed = entries.find(id);
    if (this.#writes.isPutStaged(installed)) return undefined;
    if (this.#writes.isDeleteStaged(installed)) {
      if (!this.#writes.canDelete) return undefined;
      this.#writes.writeDeletes();
      installed = entries.find(id);
    }
    if (installed >= 0) {
      const errno = this.#writes.failedDeletes.get(installed);
      if (errno !== undefined) return notDeleted(errno);
    }
    if (operation.kind === 'put') return this.#put(operation.flow, installed, at);
    if (installed < 0) return ABSENT;
    this.#writes.stageDelete(installed, at);
    return DELETED;
  }

  #put(flow: FlowSpec, old: number, at: number): OperationResult | undefined {
    const { entries, parts } = this.#t;
    const encoder = this.#encoder;
    const writes = this.#writes;
    const refusal = encoder.encode(flow);
    if (refusal !== undefined) {
      // The installed entry no longer matches the vSwitch's actions.
      if (old >= 0) writes.stageDelete(old, NO_RESULT);
      return { ok: false, refusal };
    }
    if (!encoder.isAttached) {
      const why = `the program is not attached to port ${flow.match.inPort} yet`;
      return refused('port-unavailable', why);
    }
    parts.find(encoder);
    // The vSwitch recreated the megaflow under another ufid: the new entry replaces the old one.
    const owner = entries.findKey(encoder.key, encoder.keyHash);
    if (writes.isPutStaged(owner)) return undefined;
    if (old >= 0 && owner === old && this.#canReplace(old)) return this.#replace(old, at);
    if (old >= 0 || owner >= 0) {
      if (!writes.canDelete) return undefined;
      const errno = this.#deleteNow(old, owner);
      if (errno !== undefined) return notDeleted(errno);
    }
    const outcome = old >= 0 ? REPLACED : INSTALLED;
    const result = this.#install(flow.id, outcome, at);
    if (result.ok || !writes.hasDeletes) return result;
    // Staged deletes still occupy entries and masks: write them, then try again.
    if (!writes.canDelete) return undefined;
    writes.writeDeletes();
    return this.#install(flow.id, outcome, at);
  }

  /** Deletes the entries of these slots, of which one may be negative. Returns an errno when one was not deleted. */
  #deleteNow(old: number, owner: number): string | undefined {
    const writes = this.#writes;
    for (const slot of [old, owner]) {
      if (slot >= 0 && !writes.isDeleteStaged(slot)) writes.stageDelete(slot, NO_RESULT);
    }
    writes.writeDeletes();
    return writes.failedDeletes.get(old) ?? writes.failedDeletes.get(owner);
  }

  /** False where the entry must be deleted first, because its tunnel header changes. */
  #canReplace(slot: number): boolean {
    const { entries } = this.#t;
    const { tunnelHeader, value } = this.#encoder;
    if (tunnelHeader === undefined && entries.partsAt(slot).tunnelHeader === 0) return true;
    this.#encoder.statsSlot = slot;
    return entries.isSame(slot, value);
  }

  #replace(slot: number, at: number): OperationResult {
    const { key, value } = this.#encoder;
    this.#encoder.statsSlot = slot;
    if (this.#t.entries.isSame(slot, value)) return UNCHANGED;
    this.#writes.stageDelete(slot, at);
    this.#t.entries.replaceValue(slot, value);
    this.#writes.stagePut(slot, at, key, value);
    return REPLACED;
  }

  #install(id: FlowId, outcome: OperationResult, at: number): OperationResult {
    const { entries, parts, limit } = this.#t;
    const encoder = this.#encoder;
    if (entries.count >= limit) {
      return refused('table-full', `all ${limit} entries are in use`);
    }
    const lacking = parts.hold(encoder);
    if (lacking !== undefined) return lacking;
    const slot = this.#takeSlot(id);
    if (slot < 0) {
      parts.letGo(encoder.parts);
      return refused('table-full', 'the counters of deleted entries have not been read yet');
    }
    encoder.statsSlot = slot;
    entries.add(slot, id, encoder.key, encoder.value, encoder.inPort, encoder.keyHash);
    this.#writes.stagePut(slot, at, encoder.key, encoder.value);
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
}
