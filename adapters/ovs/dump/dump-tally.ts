import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import type { CounterReader } from './counters.ts';

/** Smallest list of rows; it is replaced when it is so many times larger than the dump. */
const MIN_ROWS = 1024;
const OVERSIZE = 8;

/**
 * Sums the counters of one reading by row, and observes the flows at its end.
 *
 * In a userspace datapath each PMD thread has its own flows, so one ufid can be listed once per
 * thread. When one thread's flow is deleted, the sum falls; the remaining sum is the new base to
 * count from. Packets since the last reading may then be missed, but none is counted twice.
 */
export class DumpTally {
  /** Only what a row has of this reading is used; `#linesObserved` is set for each new flow. */
  readonly #side = new SideTable('row');
  readonly #seenColumn = this.#side.uint32();
  readonly #linesColumn = this.#side.uint16();
  readonly #linesObservedColumn = this.#side.uint16();
  readonly #garbledColumn = this.#side.uint32();
  readonly #packetsColumn = this.#side.float64();
  readonly #bytesColumn = this.#side.float64();
  readonly #idleMsColumn = this.#side.float64();

  /** The last reading that saw the row. */
  #seen = this.#seenColumn.values;
  /** Lines of the row in that reading, and in the last one that was observed. */
  #lines = this.#linesColumn.values;
  #linesObserved = this.#linesObservedColumn.values;
  /** The last reading in which a line of the row could not be read. */
  #garbled = this.#garbledColumn.values;
  #packets = this.#packetsColumn.values;
  #bytes = this.#bytesColumn.values;
  /** ms since the last packet; negative when there was none. */
  #idleMs = this.#idleMsColumn.values;

  #reading = 0;
  /** Rows seen in this reading, in the order of the dump. */
  #rows = new Int32Array(0);
  /** Number of flows seen in this reading. */
  count = 0;

  /** Starts a reading of about `flows` flows into `table`. */
  begin(table: FlowTable, flows: number): void {
    this.#reading++;
    this.count = 0;
    this.#side.follow(table);
    this.#bindColumns();
    if (this.#rows.length > OVERSIZE * Math.max(MIN_ROWS, flows)) this.#rows = new Int32Array(0);
    if (this.#rows.length < flows) this.#growRows(flows);
  }

  /** Starts a flow that this reading added to the table. */
  startFlow(row: number): void {
    if (row >= this.#seen.length) this.#bindColumns();
    this.#linesObserved[row] = 0;
  }

  /** Adds the counters of a line of the row's flow. */
  add(row: number, { packets, bytes, idleMs }: CounterReader): void {
    if (this.#seen[row] === this.#reading) {
      this.#lines[row]++;
      this.#packets[row] += packets;
      this.#bytes[row] += bytes;
      const before = this.#idleMs[row];
      if (idleMs >= 0 && (before < 0 || idleMs < before)) this.#idleMs[row] = idleMs;
      return;
    }
    this.#seen[row] = this.#reading;
    this.#lines[row] = 1;
    this.#packets[row] = packets;
    this.#bytes[row] = bytes;
    this.#idleMs[row] = idleMs;
    if (this.count === this.#rows.length) this.#growRows(this.count + 1);
    this.#rows[this.count++] = row;
  }

  /** Marks a line of the row as unreadable, so that the sum of its other lines is not used. */
  markGarbled(row: number): void {
    this.#garbled[row] = this.#reading;
  }

  /** Observes all flows that were seen. */
  observeAll(table: FlowTable): void {
    for (let i = 0; i < this.count; i++) this.#observe(table, this.#rows[i]);
  }

  #observe(table: FlowTable, row: number): void {
    const { rawPackets, rawBytes } = table.traffic;
    const idleMs = this.#idleMs[row];
    // A part of the sum is unknown: the next reading continues from the last complete one.
    if (this.#garbled[row] === this.#reading) {
      return table.observe(row, rawPackets[row], rawBytes[row], idleMs);
    }
    const packets = this.#packets[row];
    const bytes = this.#bytes[row];
    const lines = this.#lines[row];
    const several = lines > 1 || this.#linesObserved[row] > 1;
    this.#linesObserved[row] = lines;
    if (several && (packets < rawPackets[row] || bytes < rawBytes[row])) {
      table.rebase(row, packets, bytes, idleMs);
    } else {
      table.observe(row, packets, bytes, idleMs);
    }
  }

  #growRows(flows: number): void {
    const next = new Int32Array(Math.max(MIN_ROWS, flows, this.#rows.length * 2));
    next.set(this.#rows);
    this.#rows = next;
  }

  /** A grown table has new arrays for its columns. */
  #bindColumns(): void {
    this.#seen = this.#seenColumn.values;
    this.#lines = this.#linesColumn.values;
    this.#linesObserved = this.#linesObservedColumn.values;
    this.#garbled = this.#garbledColumn.values;
    this.#packets = this.#packetsColumn.values;
    this.#bytes = this.#bytesColumn.values;
    this.#idleMs = this.#idleMsColumn.values;
  }
}
