import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';

/** A removed flow and what it sent since the last recorded tick. */
export interface GoneFlow {
  readonly row: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Flows that were removed before they were recorded, and what they sent. */
export interface MissedTraffic {
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * What a recording contains of each row of the flow table. It compares row generations itself,
 * because it can miss the tick in which a row was given to another flow, and must still record that
 * the first flow was removed. The recording disposes it at its end.
 */
export class RecordedRows implements Disposable {
  readonly #side = new SideTable('row');
  /** 1 if the row's flow was seen; 1 if it is in the recording. */
  readonly #seen = this.#side.uint8();
  readonly #recorded = this.#side.uint8();
  /** Packets and bytes that are in the recording or precede it. */
  readonly #packets = this.#side.float64();
  readonly #bytes = this.#side.float64();
  /** `table.generation` and `table.changes` when the row was last seen. */
  readonly #generation = this.#side.uint32();
  readonly #changes = this.#side.uint32();
  #gone: GoneFlow[] = [];
  #missed = { flows: 0, packets: 0, bytes: 0 };

  /** Starts a recording; what live flows have sent so far precedes it. */
  startFrom(table: FlowTable): void {
    this.follow(table);
    for (let i = 0; i < table.count; i++) {
      this.updateRow(table, table.rows[i]);
      this.markCounted(table, table.rows[i]);
    }
  }

  /** Adapts to the table's rows; call it before a pass over them. */
  follow(table: FlowTable): void {
    this.#side.follow(table);
  }

  /** Marks the flows that the last reading removed. */
  markRemoved(table: FlowTable): void {
    this.follow(table);
    for (const row of table.removed) {
      this.updateRow(table, row);
      const packets = this.packetsSince(table, row);
      const bytes = this.bytesSince(table, row);
      if (this.#recorded.values[row] === 1) this.#gone.push({ row, packets, bytes });
      else if (packets > 0) this.#addMissed(packets, bytes);
      this.#seen.values[row] = 0;
      this.#recorded.values[row] = 0;
    }
  }

  /** Finds flows removed in ticks that were missed. */
  sweep(table: FlowTable): void {
    this.follow(table);
    const live = new Uint8Array(this.#recorded.values.length);
    for (let i = 0; i < table.count; i++) live[table.rows[i]] = 1;
    for (let row = 0; row < live.length; row++) {
      if (live[row] === 1 || this.#seen.values[row] === 0) continue;
      if (this.#recorded.values[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
      this.#seen.values[row] = 0;
      this.#recorded.values[row] = 0;
    }
  }

  /**
   * Updates what is known of a row. True if its flow is the same and its match or actions changed.
   * If the row has another flow, the former flow is marked as removed.
   */
  updateRow(table: FlowTable, row: number): boolean {
    const changes = table.changes[row];
    if (this.#seen.values[row] === 1 && this.#changes.values[row] === changes) return false;
    this.#changes.values[row] = changes;
    const generation = table.generation[row];
    if (this.#seen.values[row] === 1 && this.#generation.values[row] === generation) return true;
    if (this.#recorded.values[row] === 1) this.#gone.push({ row, packets: 0, bytes: 0 });
    this.#generation.values[row] = generation;
    this.#seen.values[row] = 1;
    this.#recorded.values[row] = 0;
    this.#packets.values[row] = 0;
    this.#bytes.values[row] = 0;
    return false;
  }

  /** True if the row's flow is in the recording. */
  isRecorded(row: number): boolean {
    return this.#recorded.values[row] === 1;
  }

  markRecorded(row: number): void {
    this.#recorded.values[row] = 1;
  }

  /** Whole packets of the row's flow that are not yet in the recording. */
  packetsSince({ traffic: t }: FlowTable, row: number): number {
    const packets = t.vswitchPackets[row] + t.carriedPackets[row] - this.#packets.values[row];
    return packets < 1 ? 0 : Math.floor(packets);
  }

  /** The same for bytes. */
  bytesSince({ traffic: t }: FlowTable, row: number): number {
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row] - this.#bytes.values[row];
    return bytes < 1 ? 0 : Math.floor(bytes);
  }

  /** Marks all traffic of the row so far as recorded, or as preceding the recording. */
  markCounted(table: FlowTable, row: number): void {
    this.#packets.values[row] += this.packetsSince(table, row);
    this.#bytes.values[row] += this.bytesSince(table, row);
  }

  /** Returns and clears the flows removed since the last call, by row; each row at most once. */
  drainGone(): readonly GoneFlow[] {
    const gone = this.#gone.toSorted((a, b) => a.row - b.row);
    this.#gone = [];
    return gone;
  }

  /** Returns and clears what was missed since the last call. */
  drainMissed(): MissedTraffic {
    const missed = this.#missed;
    this.#missed = { flows: 0, packets: 0, bytes: 0 };
    return missed;
  }

  [Symbol.dispose](): void {
    this.#side[Symbol.dispose]();
  }

  #addMissed(packets: number, bytes: number): void {
    this.#missed.flows++;
    this.#missed.packets += packets;
    this.#missed.bytes += bytes;
  }
}
