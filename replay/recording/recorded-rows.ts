import { grown } from '../../engine/model/columns.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';

/** A flow that has left, and what it sent since the last tick that was written. */
export interface GoneFlow {
  readonly row: number;
  readonly packets: number;
  readonly bytes: number;
}

/** What could not be recorded. */
export interface Missed {
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * What a recording has told of each row of the flow table. A row is known by the id of its flow:
 * rows are used again, and a tick may be missed in which that happened.
 */
export class RecordedRows {
  /** 1: the row's flow was met; and 1: it is in the recording. */
  #met = new Uint8Array(0);
  #told = new Uint8Array(0);
  /** Packets and bytes that the recording has, or does not want. */
  #packets = new Float64Array(0);
  #bytes = new Float64Array(0);
  #words = new Uint32Array(0);
  /** `table.changes` as it was. */
  #changes = new Uint32Array(0);
  #gone: GoneFlow[] = [];
  #missed = { flows: 0, packets: 0, bytes: 0 };

  /** Begins: what the live flows have sent so far is not wanted. */
  begin(table: FlowTable): void {
    this.fit(table);
    for (let i = 0; i < table.count; i++) {
      this.meet(table, table.rows[i]);
      this.take(table, table.rows[i]);
    }
  }

  /** Makes room for the rows of the table. */
  fit(table: FlowTable): void {
    const rows = table.highWater;
    if (rows <= this.#met.length) return;
    const length = Math.max(256, rows * 2);
    this.#met = grown(this.#met, new Uint8Array(length));
    this.#told = grown(this.#told, new Uint8Array(length));
    this.#packets = grown(this.#packets, new Float64Array(length));
    this.#bytes = grown(this.#bytes, new Float64Array(length));
    this.#words = grown(this.#words, new Uint32Array(length * 4));
    this.#changes = grown(this.#changes, new Uint32Array(length));
  }

  /** Takes note of the flows that left the vSwitch in the last reading. */
  markRemoved(table: FlowTable): void {
    this.fit(table);
    for (const row of table.removed) {
      this.meet(table, row);
      const packets = this.packetsSince(table, row);
      const bytes = this.bytesSince(table, row);
      if (this.#told[row] === 1) this.#gone.push({ row, packets, bytes });
      else if (packets > 0) this.#miss(packets, bytes);
      this.#met[row] = 0;
      this.#told[row] = 0;
    }
  }

  /** Looks for flows that left without anybody telling: after ticks that were not heard of. */
  sweep(table: FlowTable): void {
    this.fit(table);
    const live = new Uint8Array(this.#told.length);
    for (let i = 0; i < table.count; i++) live[table.rows[i]] = 1;
    for (let row = 0; row < live.length; row++) {
      if (live[row] === 1 || this.#met[row] === 0) continue;
      if (this.#told[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
      this.#met[row] = 0;
      this.#told[row] = 0;
    }
  }

  /**
   * Looks at a row; true when its flow is the one it was and matches or does something else. A
   * row that has another flow now begins anew, and the flow before it has left.
   */
  meet(table: FlowTable, row: number): boolean {
    const changes = table.changes[row];
    if (this.#met[row] === 1 && this.#changes[row] === changes) return false;
    this.#changes[row] = changes;
    if (this.#met[row] === 1 && this.#isSame(table, row)) return true;
    if (this.#told[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
    const { w0, w1, w2, w3 } = table.idAt(row);
    this.#words.set([w0, w1, w2, w3], row * 4);
    this.#met[row] = 1;
    this.#told[row] = 0;
    this.#packets[row] = 0;
    this.#bytes[row] = 0;
    return false;
  }

  /** True when the recording has the row's flow. */
  isTold(row: number): boolean {
    return this.#told[row] === 1;
  }

  tell(row: number): void {
    this.#told[row] = 1;
  }

  /** Whole packets that the row's flow has sent and the recording does not have. */
  packetsSince({ traffic: t }: FlowTable, row: number): number {
    const packets = t.vswitchPackets[row] + t.carriedPackets[row] - this.#packets[row];
    return packets < 1 ? 0 : Math.floor(packets);
  }

  /** The same of bytes. */
  bytesSince({ traffic: t }: FlowTable, row: number): number {
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row] - this.#bytes[row];
    return bytes < 1 ? 0 : Math.floor(bytes);
  }

  /** All of it is in the recording now, or not wanted. */
  take(table: FlowTable, row: number): void {
    this.#packets[row] += this.packetsSince(table, row);
    this.#bytes[row] += this.bytesSince(table, row);
  }

  /** The flows that left since it was last asked, by row; each row at most once. */
  takeGone(): readonly GoneFlow[] {
    const gone = this.#gone.toSorted((a, b) => a.row - b.row);
    this.#gone = [];
    return gone;
  }

  /** What flows sent that left before they could be told of, since it was last asked. */
  takeMissed(): Missed {
    const missed = this.#missed;
    this.#missed = { flows: 0, packets: 0, bytes: 0 };
    return missed;
  }

  #miss(packets: number, bytes: number): void {
    this.#missed.flows++;
    this.#missed.packets += packets;
    this.#missed.bytes += bytes;
  }

  #isSame(table: FlowTable, row: number): boolean {
    const { w0, w1, w2, w3 } = table.idAt(row);
    const w = this.#words;
    const at = row * 4;
    return w[at] === w0 && w[at + 1] === w1 && w[at + 2] === w2 && w[at + 3] === w3;
  }
}
