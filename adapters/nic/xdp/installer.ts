import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal, RefusalCode } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/path-backend.ts';
import { KEY_WORDS } from './entry-table.ts';
import type { EntryTable } from './entry-table.ts';
import { FlowEncoder } from './flow-encoder.ts';
import type { FlowMap } from './flow-map.ts';
import type { MaskSet } from './mask-set.ts';
import type { PortTable } from './port-table.ts';
import type { StatsSlots } from './stats-slots.ts';

/** Operations that are written at a time. */
const STEP = 4096;

/** What the installer works on. */
export interface Tables {
  readonly entries: EntryTable;
  readonly flows: FlowMap;
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

/** The kernel does not let go of an entry: the backend is not usable. */
export class EntryStuck extends Error {
  constructor(errno: string) {
    super(`an XDP entry cannot be deleted: ${errno}; let the lease run out`);
    this.name = 'EntryStuck';
  }
}

/**
 * Carries out operations. They are staged and written in batches, deletes before puts; an
 * operation on an entry whose put is staged waits until that is written.
 */
export class Installer {
  readonly #t: Tables;
  readonly #encoder: FlowEncoder;
  /** Staged puts: their slots, and where their results are. */
  #putSlots: number[] = [];
  #putResults: number[] = [];
  readonly #isStaged: Uint8Array;
  /** Staged deletes: keys, one behind the other. */
  readonly #deleteKeys = new Uint32Array(STEP * KEY_WORDS);
  #deleteCount = 0;

  constructor(tables: Tables) {
    this.#t = tables;
    this.#encoder = new FlowEncoder(tables.ports);
    this.#isStaged = new Uint8Array(tables.slots.size);
  }

  /** One result each, same order. What is left when the signal is aborted meanwhile is refused. */
  async apply(operations: readonly Operation[], signal: AbortSignal): Promise<OperationResult[]> {
    signal.throwIfAborted();
    const results: OperationResult[] = [];
    for (const operation of operations) {
      if (signal.aborted) {
        results.push(refused('device-error', 'the operations were aborted'));
        continue;
      }
      let result = this.#carryOut(operation, results.length);
      if (result === undefined) {
        await this.#flush(results);
        result = this.#carryOut(operation, results.length);
      }
      results.push(result ?? refused('device-error', 'the entry is being written'));
      if (this.#putSlots.length >= STEP) {
        await this.#flush(results);
        await turn();
      }
    }
    await this.#flush(results);
    if (this.#t.masks.crowded) await this.#t.masks.commit();
    return results;
  }

  /** Takes out the entries that `which` picks; returns their ids. Synchronous to the end. */
  removeWhere(which: (slot: number) => boolean): FlowId[] {
    const { entries, slots } = this.#t;
    const ids: FlowId[] = [];
    for (let slot = 0; slot < slots.highWater; slot++) {
      if (!slots.inUse(slot) || !entries.has(slot) || !which(slot)) continue;
      ids.push(entries.idAt(slot));
      this.#forget(slot);
    }
    this.#writeDeletes();
    return ids;
  }

  /** Why the flow cannot be expressed with the ports there are, or undefined. */
  check(flow: FlowSpec): Refusal | undefined {
    return this.#encoder.encode(flow);
  }

  /** The result, or undefined when what is staged has to be written first. */
  #carryOut(operation: Operation, result: number): OperationResult | undefined {
    const id = operation.kind === 'put' ? operation.flow.id : operation.id;
    const installed = this.#t.entries.find(id);
    if (installed >= 0 && this.#isStaged[installed] === 1) return undefined;
    if (operation.kind === 'put') return this.#put(operation.flow, installed, result);
    if (installed < 0) return ABSENT;
    this.#forget(installed);
    return DELETED;
  }

  #put(flow: FlowSpec, old: number, result: number): OperationResult | undefined {
    const { entries, masks } = this.#t;
    const encoder = this.#encoder;
    const refusal = encoder.encode(flow);
    if (refusal !== undefined) {
      // What is installed no longer is what the vSwitch does.
      if (old >= 0) this.#forget(old);
      return { ok: false, refusal };
    }
    encoder.maskId = masks.idOf(encoder.mask);
    // The vSwitch makes the same megaflow anew under another id: the new takes the old's place.
    const owner = entries.findKey(encoder.key);
    if (owner >= 0 && this.#isStaged[owner] === 1) return undefined;
    if (old >= 0 && owner === old) return this.#replace(old, result);
    if (old >= 0) this.#forget(old);
    if (owner >= 0) this.#forget(owner);
    return this.#install(flow.id, old >= 0 ? REPLACED : INSTALLED, result);
  }

  #replace(slot: number, result: number): OperationResult {
    const { value } = this.#encoder;
    this.#encoder.statsSlot = slot;
    if (this.#t.entries.isSame(slot, value)) return UNCHANGED;
    this.#t.entries.replaceValue(slot, value);
    this.#stage(slot, result);
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
    this.#stage(slot, result);
    return outcome;
  }

  /** The slot that counted for the flow before, when it has not been given back yet. */
  #takeSlot(id: FlowId): number {
    const { entries, slots } = this.#t;
    const gone = entries.findGone(id);
    if (gone < 0) return slots.take();
    entries.forgetGone(gone);
    slots.resume(gone);
    return gone;
  }

  #stage(slot: number, result: number): void {
    this.#putSlots.push(slot);
    this.#putResults.push(result);
    this.#isStaged[slot] = 1;
  }

  #forget(slot: number): void {
    const { entries, masks, slots, nowMs } = this.#t;
    entries.copyKey(slot, this.#deleteKeys, this.#deleteCount * KEY_WORDS);
    this.#deleteCount++;
    masks.release(entries.maskIdAt(slot));
    entries.remove(slot);
    slots.drain(slot, nowMs());
    if (this.#deleteCount === STEP) this.#writeDeletes();
  }

  #writeDeletes(): void {
    const count = this.#deleteCount;
    this.#deleteCount = 0;
    const [failure] = this.#t.flows.delete(this.#deleteKeys, count);
    if (failure !== undefined) throw new EntryStuck(failure.errno);
  }

  async #flush(results: OperationResult[]): Promise<void> {
    const { entries, flows, masks } = this.#t;
    this.#writeDeletes();
    if (this.#putSlots.length === 0) return;
    const slots = this.#putSlots;
    const places = this.#putResults;
    this.#putSlots = [];
    this.#putResults = [];
    const undo = (index: number, code: RefusalCode, why: string) => {
      results[places[index]] = refused(code, `the kernel does not take the entry: ${why}`);
      // Whatever was there before goes, too.
      this.#forget(slots[index]);
    };
    try {
      if (masks.changed) await masks.commit();
      for (const { index, errno } of flows.put(entries, slots, process.hrtime.bigint())) {
        undo(index, errno === 'E2BIG' ? 'table-full' : 'device-error', errno);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      slots.forEach((_, index) => undo(index, 'device-error', why));
    }
    for (const slot of slots) this.#isStaged[slot] = 0;
    this.#writeDeletes();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
