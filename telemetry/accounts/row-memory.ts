import type { FlowTable } from '../../engine/model/flow-table.ts';

/** What the accounts remember of each row from tick to tick: counters, placement, whose it was. */
export class RowMemory {
  vswitchBytes = new Float64Array(0);
  vswitchPackets = new Float64Array(0);
  carriedBytes = new Float64Array(0);
  carriedPackets = new Float64Array(0);
  placement = new Uint8Array(0);
  /** 1 once the flow has had an entry. */
  placed = new Uint8Array(0);
  /** When the flow was first seen: another time is another flow. NaN: none yet. */
  #firstSeenMs = new Float64Array(0);

  /** Makes room for every row of a table. */
  fit(table: FlowTable): void {
    if (this.placement.length >= table.highWater) return;
    const size = Math.max(256, table.highWater * 2);
    this.vswitchBytes = grownF64(this.vswitchBytes, size);
    this.vswitchPackets = grownF64(this.vswitchPackets, size);
    this.carriedBytes = grownF64(this.carriedBytes, size);
    this.carriedPackets = grownF64(this.carriedPackets, size);
    this.placement = grownU8(this.placement, size);
    this.placed = grownU8(this.placed, size);
    const firstSeen = new Float64Array(size).fill(Number.NaN);
    firstSeen.set(this.#firstSeenMs);
    this.#firstSeenMs = firstSeen;
  }

  /** Forgets what is known of a row that was given to another flow since. */
  meet(table: FlowTable, row: number): void {
    const seenMs = table.traffic.firstSeenMs[row];
    if (this.#firstSeenMs[row] === seenMs) return;
    this.#firstSeenMs[row] = seenMs;
    this.vswitchBytes[row] = 0;
    this.vswitchPackets[row] = 0;
    this.carriedBytes[row] = 0;
    this.carriedPackets[row] = 0;
    this.placement[row] = 0;
    this.placed[row] = 0;
  }

  /** True when the row is still the flow's that was met last. */
  knows(table: FlowTable, row: number): boolean {
    return this.#firstSeenMs[row] === table.traffic.firstSeenMs[row];
  }

  /** Takes over a row's counters. */
  take(table: FlowTable, row: number): void {
    const t = table.traffic;
    this.vswitchBytes[row] = t.vswitchBytes[row];
    this.vswitchPackets[row] = t.vswitchPackets[row];
    this.carriedBytes[row] = t.carriedBytes[row];
    this.carriedPackets[row] = t.carriedPackets[row];
  }
}

function grownF64(old: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(size);
  next.set(old);
  return next;
}

function grownU8(old: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(size);
  next.set(old);
  return next;
}
