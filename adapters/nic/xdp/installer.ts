import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal, RefusalCode } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/path-backend.ts';
import { encodeActions } from './action-codec.ts';
import type { EntryTable } from './entry-table.ts';
import { ENTRY, encodeEntry } from './entry-value.ts';
import type { FlowMap } from './flow-map.ts';
import { TABLE_KEY } from './key-layout.ts';
import type { MaskSet } from './mask-set.ts';
import { encodeMatch } from './match-codec.ts';
import type { PortTable } from './port-table.ts';
import { u32, u32At } from './records.ts';
import type { StatsSlots } from './stats-slots.ts';

/** Operations between two looks at the clock and the signal. */
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

/** A put that is on its way to the kernel: its slot and where its result goes. */
interface Staged {
  readonly slot: number;
  readonly result: number;
}

type Encoded =
  | {
      readonly ok: true;
      readonly value: Uint8Array;
      readonly key: Uint8Array;
      readonly mask: Uint8Array;
    }
  | { readonly ok: false; readonly refusal: Refusal };

function refused(code: RefusalCode, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, detail } };
}

/**
 * Carries out operations. They are staged and written in batches, deletes before puts; an
 * operation that needs the other order waits for what is staged.
 */
export class Installer {
  readonly #t: Tables;
  #puts: Staged[] = [];
  #deletes: Uint8Array[] = [];
  readonly #stagedSlots = new Set<number>();

  constructor(tables: Tables) {
    this.#t = tables;
  }

  /** One result each, same order. Once the signal is aborted, what is left is refused. */
  async apply(operations: readonly Operation[], signal: AbortSignal): Promise<OperationResult[]> {
    signal.throwIfAborted();
    const results: OperationResult[] = [];
    for (const operation of operations) {
      if (signal.aborted) {
        results.push(refused('device-error', 'the operations were aborted'));
        continue;
      }
      const result =
        operation.kind === 'put'
          ? await this.#put(operation.flow, results)
          : await this.#delete(operation.id, results);
      results.push(result);
      if (this.#puts.length + this.#deletes.length >= STEP) {
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
    const { entries } = this.#t;
    const slots = [...entries.slots()].filter(which);
    const ids = slots.map((slot) => entries.idAt(slot));
    for (const slot of slots) this.#forget(slot);
    this.#writeDeletes();
    return ids;
  }

  /** Whether the flow could be expressed with the ports there are. */
  check(flow: FlowSpec): Refusal | undefined {
    const encoded = this.#encode(flow);
    return encoded.ok ? undefined : encoded.refusal;
  }

  async #put(flow: FlowSpec, results: OperationResult[]): Promise<OperationResult> {
    const { entries, masks } = this.#t;
    const old = entries.find(flow.id);
    const encoded = this.#encode(flow);
    if (!encoded.ok) {
      // What is installed no longer is what the vSwitch does.
      if (old >= 0) await this.#discard(old, results);
      return encoded;
    }
    const { key, value } = encoded;
    if (old >= 0 && sameKey(entries.keyAt(old), key, masks.idOf(encoded.mask))) {
      value.set(u32(old), ENTRY.statsSlot);
      if (sameValue(entries.valueAt(old), value)) return { ok: true, outcome: 'unchanged' };
      entries.replaceValue(old, value);
      this.#stage(old, results.length);
      return { ok: true, outcome: 'replaced' };
    }
    if (old >= 0) await this.#discard(old, results);

    const maskId = masks.acquire(encoded.mask);
    if (maskId < 0) {
      return refused('mask-table-full', `all ${masks.limit} masks are in use`);
    }
    key.set(u32(maskId), TABLE_KEY.maskId);
    // The vSwitch made the same megaflow anew: the new flow takes the old one's place.
    const owner = entries.findKey(key);
    if (owner >= 0) await this.#discard(owner, results);
    const slot = entries.count < this.#t.limit ? this.#takeSlot(flow.id) : -1;
    if (slot < 0) {
      masks.release(maskId);
      return refused('table-full', `${entries.count} of ${this.#t.limit} entries are in use`);
    }
    value.set(u32(slot), ENTRY.statsSlot);
    entries.add(slot, flow.id, key, value);
    this.#stage(slot, results.length);
    return { ok: true, outcome: old >= 0 ? 'replaced' : 'installed' };
  }

  async #delete(id: FlowId, results: OperationResult[]): Promise<OperationResult> {
    const slot = this.#t.entries.find(id);
    if (slot < 0) return { ok: true, outcome: 'absent' };
    await this.#discard(slot, results);
    return { ok: true, outcome: 'deleted' };
  }

  #encode(flow: FlowSpec): Encoded {
    const match = encodeMatch(flow.match);
    if (!match.ok) return match;
    const actions = encodeActions(flow.match, flow.actions);
    if (!actions.ok) return actions;

    const { ports } = this.#t;
    const inPort = ports.get(flow.match.inPort);
    if (inPort === undefined) return refused('port-unavailable', ports.problem(flow.match.inPort));
    const { output } = actions.program;
    const target = output === undefined ? undefined : ports.get(output);
    if (output !== undefined && target === undefined) {
      return refused('port-unavailable', ports.problem(output));
    }
    const key = new Uint8Array(TABLE_KEY.bytes);
    key.set(u32(inPort.id), TABLE_KEY.inPort);
    key.set(match.match.fields, TABLE_KEY.fields);
    const to = target && { portId: target.id, ifindex: target.ifindex };
    const value = encodeEntry(flow.id, actions.program, to);
    return { ok: true, key, value, mask: match.match.mask };
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
    this.#puts.push({ slot, result });
    this.#stagedSlots.add(slot);
  }

  /** Stages the deletion of an entry, after its own put when that is staged. */
  async #discard(slot: number, results: OperationResult[]): Promise<void> {
    if (this.#stagedSlots.has(slot)) await this.#flush(results);
    if (this.#t.slots.inUse(slot) && this.#isInstalled(slot)) this.#forget(slot);
  }

  #isInstalled(slot: number): boolean {
    return this.#t.entries.find(this.#t.entries.idAt(slot)) === slot;
  }

  #forget(slot: number): void {
    const { entries, masks, slots, nowMs } = this.#t;
    this.#deletes.push(entries.keyAt(slot).slice());
    masks.release(entries.maskIdAt(slot));
    entries.remove(slot);
    slots.drain(slot, nowMs());
  }

  #writeDeletes(): void {
    const keys = this.#deletes;
    this.#deletes = [];
    const [failure] = this.#t.flows.delete(keys.length, (i) => keys[i]);
    if (failure !== undefined) throw new EntryStuck(failure.errno);
  }

  async #flush(results: OperationResult[]): Promise<void> {
    const { entries, flows, masks } = this.#t;
    this.#writeDeletes();
    const puts = this.#puts;
    this.#puts = [];
    this.#stagedSlots.clear();
    if (puts.length === 0) return;
    if (masks.changed) await masks.commit();
    const failures = flows.put(
      puts.length,
      (i) => entries.keyAt(puts[i].slot),
      (i) => entries.valueAt(puts[i].slot),
      process.hrtime.bigint(),
    );
    for (const { index, errno } of failures) {
      const { slot, result } = puts[index];
      const code = errno === 'E2BIG' ? 'table-full' : 'device-error';
      results[result] = refused(code, `the kernel does not take the entry: ${errno}`);
      // Whatever was there before goes, too.
      if (this.#isInstalled(slot)) this.#forget(slot);
    }
    this.#writeDeletes();
  }
}

/** The kernel does not let go of an entry: the backend is not usable. */
export class EntryStuck extends Error {
  constructor(errno: string) {
    super(`an XDP entry cannot be deleted: ${errno}; let the lease run out`);
    this.name = 'EntryStuck';
  }
}

/** Same key but for a mask id that is not filled in yet. */
function sameKey(installed: Uint8Array, key: Uint8Array, maskId: number): boolean {
  if (u32At(installed, TABLE_KEY.maskId) !== maskId) return false;
  return Buffer.compare(installed.subarray(TABLE_KEY.inPort), key.subarray(TABLE_KEY.inPort)) === 0;
}

/** Same value but for the time of the last heartbeat. */
function sameValue(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(ENTRY.ufid), b.subarray(ENTRY.ufid)) === 0;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
