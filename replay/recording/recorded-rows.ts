import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';

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
 * What a recording has told of each row of the flow table. It looks at the generation of a row
 * itself, for a recording says that a flow has left also when it learns so late: a tick may be
 * missed in which the row was given to another flow.
 */
export class RecordedRows {
  readonly #side = new SideTable('row');
  /** 1: the row's flow was met; and 1: it is in the recording. */
  readonly #met = this.#side.uint8();
  readonly #told = this.#side.uint8();
  /** Packets and bytes that the recording has, or does not want. */
  readonly #packets = this.#side.float64();
  readonly #bytes = this.#side.float64();
  /** `table.generation` and `table.changes` as they were. */
  readonly #generation = this.#side.uint32();
  readonly #changes = this.#side.uint32();
  #gone: GoneFlow[] = [];
  #missed = { flows: 0, packets: 0, bytes: 0 };

  /** Begins: what the live flows have sent so far is not wanted. */
  begin(table: FlowTable): void {
    this.follow(table);
    for (let i = 0; i < table.count; i++) {
      this.meet(table, table.rows[i]);
      this.take(table, table.rows[i]);
    }
  }

  /** Follows a table: to be called before a pass over its rows. */
  follow(table: FlowTable): void {
    this.#side.follow(table);
  }

  /** Takes note of the flows that left the vSwitch in the last reading. */
  markRemoved(table: FlowTable): void {
    this.follow(table);
    for (const row of table.removed) {
      this.meet(table, row);
      const packets = this.packetsSince(table, row);
      const bytes = this.bytesSince(table, row);
      if (this.#told.values[row] === 1) this.#gone.push({ row, packets, bytes });
      else if (packets > 0) this.#miss(packets, bytes);
      this.#met.values[row] = 0;
      this.#told.values[row] = 0;
    }
  }

  /** Looks for flows that left without anybody telling: after ticks that were not heard of. */
  sweep(table: FlowTable): void {
    this.follow(table);
    const live = new Uint8Array(this.#told.values.length);
    for (let i = 0; i < table.count; i++) live[table.rows[i]] = 1;
    for (let row = 0; row < live.length; row++) {
      if (live[row] === 1 || this.#met.values[row] === 0) continue;
      if (this.#told.values[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
      this.#met.values[row] = 0;
      this.#told.values[row] = 0;
    }
  }

  /**
   * Looks at a row; true when its flow is the one it was and matches or does something else. A
   * row that has another flow now begins anew, and the flow before it has left.
   */
  meet(table: FlowTable, row: number): boolean {
    const changes = table.changes[row];
    if (this.#met.values[row] === 1 && this.#changes.values[row] === changes) return false;
    this.#changes.values[row] = changes;
    const generation = table.generation[row];
    if (this.#met.values[row] === 1 && this.#generation.values[row] === generation) return true;
    if (this.#told.values[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
    this.#generation.values[row] = generation;
    this.#met.values[row] = 1;
    this.#told.values[row] = 0;
    this.#packets.values[row] = 0;
    this.#bytes.values[row] = 0;
    return false;
  }

  /** True when the recording has the row's flow. */
  isTold(row: number): boolean {
    return this.#told.values[row] === 1;
  }

  tell(row: number): void {
    this.#told.values[row] = 1;
  }

  /** Whole packets that the row's flow has sent and the recording does not have. */
  packetsSince({ traffic: t }: FlowTable, row: number): number {
    const packets = t.vswitchPackets[row] + t.carriedPackets[row] - this.#packets.values[row];
    return packets < 1 ? 0 : Math.floor(packets);
  }

  /** The same of bytes. */
  bytesSince({ traffic: t }: FlowTable, row: number): number {
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row] - this.#bytes.values[row];
    return bytes < 1 ? 0 : Math.floor(bytes);
  }

  /** All of it is in the recording now, or not wanted. */
  take(table: FlowTable, row: number): void {
    this.#packets.values[row] += this.packetsSince(table, row);
    this.#bytes.values[row] += this.bytesSince(table, row);
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
}
