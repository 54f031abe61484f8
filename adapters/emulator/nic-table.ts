import type { FlowActions } from '../../engine/model/action.ts';
import { type FlowId, formatFlowId, sameFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { LeaseRenewal } from '../../engine/ports/offload-backend.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { NONE } from './flow-store.ts';
import { mix32 } from './random.ts';

/** An entry as hardware stores it: ports are identified by ifindex, not by name. */
export interface NicEntry {
  readonly flow: FlowSpec;
  /** Every port of the entry, as it was at installation. */
  readonly ports: readonly PortInfo[];
  readonly inIfindex: number;
  readonly outIfindexes: readonly number[];
}

/** Traffic of one flow that the NIC carried. */
export interface Carried {
  readonly id: FlowId;
  packets: number;
  bytes: number;
  /** Time of the last packet, ms of the emulation. */
  lastAtMs: number;
}

/** The slot of an installed entry, or the refusal. */
export type Placed =
  | { readonly slot: number; readonly outcome: 'installed' | 'replaced' | 'unchanged' }
  | { readonly slot: typeof NONE; readonly refusal: Refusal };

/**
 * The NIC's flow table: open addressing with double hashing and a bounded number of probes, as the
 * filter tables of Falcon and Siena controllers (SFN5122F) have. A flow whose probes all hit used
 * slots is refused even if other slots are free. The table outlives the daemon.
 */
export class NicTable {
  readonly entries: number;
  readonly masks: number;
  #leaseUntilMs = Number.NEGATIVE_INFINITY;
  used = 0;

  /** Carried since the counters were last read, the last packet and the last heartbeat, by slot. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly lastAtMs: Float64Array;
  readonly heartbeatAtMs: Float64Array;

  readonly #probeDepth: number;
  readonly #slots: (NicEntry | undefined)[];
  readonly #maskUses = new Map<string, number>();
  /** Carried by entries deleted since the counters were last read, by flow id. */
  readonly #carried = new Map<string, Carried>();

  constructor(entries: number, probeDepth: number, masks: number) {
    this.entries = entries;
    this.masks = masks;
    this.#probeDepth = Math.min(probeDepth, entries);
    this.#slots = Array.from({ length: entries });
    this.packets = new Float64Array(entries);
    this.bytes = new Float64Array(entries);
    this.lastAtMs = new Float64Array(entries);
    this.heartbeatAtMs = new Float64Array(entries);
  }

  /** End of the lease: from then on packets go to the vSwitch; ms of the emulation. */
  get leaseUntilMs(): number {
    return this.#leaseUntilMs;
  }

  /** Renews the lease, as OffloadBackend requires; times in ms of the emulation. */
  renewLease(verifiedAtMs: number, untilMs: number, nowMs: number): LeaseRenewal {
    const lapsed = nowMs >= this.#leaseUntilMs;
    if (untilMs <= nowMs || (lapsed && verifiedAtMs < this.#leaseUntilMs)) return 'late';
    this.#leaseUntilMs = untilMs;
    return 'renewed';
  }

  endLease(nowMs: number): void {
    this.#leaseUntilMs = Math.min(this.#leaseUntilMs, nowMs);
  }

  get masksUsed(): number {
    return this.#maskUses.size;
  }

  /** The entry in a slot. */
  at(slot: number): NicEntry | undefined {
    return this.#slots[slot];
  }

  /** Slot of a flow's entry, or NONE. */
  find(id: FlowId): number {
    for (let probe = 0; probe < this.#probeDepth; probe++) {
      const slot = this.#probe(id, probe);
      const entry = this.#slots[slot];
      if (entry !== undefined && sameFlowId(entry.flow.id, id)) return slot;
    }
    return NONE;
  }

  /** Installs an entry or replaces the one of the same flow in one step. */
  put(entry: NicEntry, nowMs: number): Placed {
    const existing = this.find(entry.flow.id);
    const old = this.#slots[existing];
    if (old !== undefined) {
      if (sameEntry(old, entry)) return { slot: existing, outcome: 'unchanged' };
      if (maskOf(old.flow) !== maskOf(entry.flow)) {
        const refusal = this.#maskRefusal(entry.flow);
        if (refusal !== undefined) return { slot: NONE, refusal };
      }
      this.#useMask(old.flow, -1);
      this.#useMask(entry.flow, 1);
      this.#slots[existing] = entry;
      return { slot: existing, outcome: 'replaced' };
    }
    const refusal = this.#fullRefusal() ?? this.#maskRefusal(entry.flow);
    if (refusal !== undefined) return { slot: NONE, refusal };
    for (let probe = 0; probe < this.#probeDepth; probe++) {
      const slot = this.#probe(entry.flow.id, probe);
      if (this.#slots[slot] === undefined) {
        this.#slots[slot] = entry;
        this.packets[slot] = 0;
        this.bytes[slot] = 0;
        this.heartbeatAtMs[slot] = nowMs;
        this.#useMask(entry.flow, 1);
        this.used++;
        return { slot, outcome: 'installed' };
      }
    }
    return {
      slot: NONE,
      refusal: {
        code: 'probe-depth',
        detail: `no free slot within ${this.#probeDepth} probes; ${this.used} of ${this.entries} entries in use`,
      },
    };
  }

  /** Removes the entry of a slot; its counters remain for one last reading. */
  remove(slot: number): void {
    const entry = this.#slots[slot];
    if (entry === undefined) return;
    this.#drain(entry, slot);
    this.#useMask(entry.flow, -1);
    this.#slots[slot] = undefined;
    this.used--;
  }

  /** Traffic carried per flow since the last call, including deleted entries. */
  takeCounters(): readonly Carried[] {
    this.forEach((entry, slot) => this.#drain(entry, slot));
    const carried = [...this.#carried.values()];
    this.#carried.clear();
    return carried;
  }

  /** Calls `visit` for every entry; it may remove that entry. */
  forEach(visit: (entry: NicEntry, slot: number) => void): void {
    for (let slot = 0; slot < this.entries; slot++) {
      const entry = this.#slots[slot];
      if (entry !== undefined) visit(entry, slot);
    }
  }

  #probe(id: FlowId, probe: number): number {
    const home = mix32(id.w0 ^ id.w3) % this.entries;
    // An odd step visits every slot of a table whose length is a power of two.
    const step = (mix32(id.w1 ^ id.w2) | 1) >>> 0;
    return (home + probe * (step % this.entries || 1)) % this.entries;
  }

  /** Adds the counters of a slot to the flow's sum for the next reading. */
  #drain(entry: NicEntry, slot: number): void {
    if (this.packets[slot] === 0) return;
    const { id } = entry.flow;
    const key = formatFlowId(id);
    const sum = this.#carried.get(key) ?? { id, packets: 0, bytes: 0, lastAtMs: 0 };
    sum.packets += this.packets[slot];
    sum.bytes += this.bytes[slot];
    sum.lastAtMs = this.lastAtMs[slot];
    this.#carried.set(key, sum);
    this.packets[slot] = 0;
    this.bytes[slot] = 0;
  }

  #fullRefusal(): Refusal | undefined {
    if (this.used < this.entries) return undefined;
    return { code: 'table-full', detail: `all ${this.entries} entries are in use` };
  }

  #maskRefusal(flow: FlowSpec): Refusal | undefined {
    if (this.#maskUses.has(maskOf(flow)) || this.#maskUses.size < this.masks) return undefined;
    return { code: 'mask-table-full', detail: `all ${this.masks} masks are in use` };
  }

  #useMask(flow: FlowSpec, by: 1 | -1): void {
    const mask = maskOf(flow);
    const uses = (this.#maskUses.get(mask) ?? 0) + by;
    if (uses === 0) this.#maskUses.delete(mask);
    else this.#maskUses.set(mask, uses);
  }
}

/** The set of fields a flow matches: the NIC matches whole fields only. */
function maskOf(flow: FlowSpec): string {
  return flow.match.fields.map((f) => f.field).join(',');
}

/** True when both do the same with the same packets. */
function sameEntry(a: NicEntry, b: NicEntry): boolean {
  return (
    a.inIfindex === b.inIfindex &&
    a.outIfindexes.join() === b.outIfindexes.join() &&
    sameActions(a.flow.actions, b.flow.actions) &&
    JSON.stringify(a.flow.match) === JSON.stringify(b.flow.match)
  );
}

/** True when two lists of actions do the same. */
export function sameActions(a: FlowActions, b: FlowActions): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
