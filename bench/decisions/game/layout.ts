import { mix32 } from '../../../adapters/emulator/random.ts';
import type { RefusalCode } from '../../../engine/model/refusal.ts';

/** Which entries of a table can hold a flow. */
export type Layout =
  /** Any. */
  | { readonly kind: 'any' }
  /** Open addressing with double hashing: those of the flow's first probes (SFN5122F: 200). */
  | { readonly kind: 'double-hashing'; readonly probeDepth: number }
  /** Those of the bucket that the flow hashes to. */
  | { readonly kind: 'buckets'; readonly ways: number };

/** No entry can hold the flow. */
const NONE = -1;

/** The entries of a table by number, and the flows in them. */
export class Slots {
  readonly #layout: Layout;
  readonly #entries: number;
  readonly #occupied: Uint8Array;
  readonly #slotOf: Int32Array;

  /** @param flows maximum number of flows, numbered from 0 */
  constructor(layout: Layout, entries: number, flows: number) {
    this.#layout = layout;
    this.#entries = entries;
    this.#occupied = new Uint8Array(layout.kind === 'any' ? 0 : entries);
    this.#slotOf = new Int32Array(layout.kind === 'any' ? 0 : flows);
  }

  /**
   * What hardware answers when no entry can hold a flow. Buckets answer with ENOSPC, as if the table
   * were full (see lab/nic-module/kernel/table.c).
   */
  get refusal(): RefusalCode {
    return this.#layout.kind === 'double-hashing' ? 'probe-depth' : 'table-full';
  }

  /** Takes an entry for the flow; false when none can hold it. */
  take(flow: number): boolean {
    if (this.#layout.kind === 'any') return true;
    const slot = this.#find(flow);
    if (slot === NONE) return false;
    this.#occupied[slot] = 1;
    this.#slotOf[flow] = slot;
    return true;
  }

  /** Frees the flow's entry. */
  release(flow: number): void {
    if (this.#layout.kind !== 'any') this.#occupied[this.#slotOf[flow]] = 0;
  }

  #find(flow: number): number {
    if (this.#layout.kind === 'double-hashing') {
      const home = mix32(flow) % this.#entries;
      // An odd step visits every slot of a table whose length is a power of two.
      const step = ((mix32(~flow) | 1) >>> 0) % this.#entries || 1;
      return this.#firstFree(home, step, Math.min(this.#layout.probeDepth, this.#entries));
    }
    if (this.#layout.kind === 'any') return NONE;
    const { ways } = this.#layout;
    const bucket = mix32(flow) % Math.max(1, Math.floor(this.#entries / ways));
    return this.#firstFree(bucket * ways, 1, Math.min(ways, this.#entries));
  }

  #firstFree(first: number, step: number, count: number): number {
    for (let i = 0; i < count; i++) {
      const slot = (first + i * step) % this.#entries;
      if (this.#occupied[slot] === 0) return slot;
    }
    return NONE;
  }
}
