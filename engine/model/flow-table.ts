import type { FlowActions } from './action.ts';
import {
  DecisionColumns,
  resizedU32,
  RateColumns,
  ShadowColumns,
  TrafficColumns,
} from './columns.ts';
import { ForecastColumns } from './forecast-columns.ts';
import { type FlowSpec, Placement } from './flow.ts';
import type { FlowId } from './flow-id.ts';
import { FreeRows } from './free-rows.ts';
import { LaterPasses } from './later-passes.ts';
import type { FlowMatch } from './match.ts';
import { RowFlows } from './row-flows.ts';
import { SideTables } from './side-tables.ts';

/** Smallest capacity, rows. */
const MIN_CAPACITY = 256;
/** A table with this capacity or less does not shrink, rows. */
const SMALL_CAPACITY = 4096;
/** A table is sparse while it uses less than one in so many rows. */
const SPARSE = 4;
/** Readings for which a table has to be sparse before it shrinks. */
const SPARSE_READINGS = 8;

/** Packets and bytes by path, cumulative. */
export interface PathTotals {
  vswitchPackets: number;
  vswitchBytes: number;
  /** By all backends together. */
  carriedPackets: number;
  carriedBytes: number;
  /** By the fast path's backend alone. */
  fastPathPackets: number;
  fastPathBytes: number;
}

/**
 * All flows of the vSwitch, one row each: the state that the whole loop shares.
 *
 * A row belongs to one flow from the first reading with the flow to the first without it. Counters,
 * rates and decisions stay in place from tick to tick, and known flows need no allocations. After a
 * peak, the table shrinks to the highest row with a flow.
 *
 * A reading goes `begin`, then for each flow `find` or `add` and `observe`, then `end` (or
 * `abandon` when the source failed half-way).
 *
 * A partial reading has a few flows, such as new ones: `beginPartial`, the same for each of them, then
 * `endPartial` or `abandon`. All other flows stay as they are, and so do the times of readings.
 */
export class FlowTable {
  readonly traffic = new TrafficColumns();
  readonly rates = new RateColumns();
  readonly forecast = new ForecastColumns();
  readonly decision = new DecisionColumns();
  #shadow: ShadowColumns | undefined;
  /** Columns of other parts, which grow and are reset with the rows: `engine/model/side-table.ts`. */
  readonly sideTables = new SideTables();

  /**
   * The live rows, ascending: `rows[0 .. count)`. They are those of the last complete reading, and of
   * the partial readings since.
   */
  rows = new Int32Array(0);
  count = 0;
  /** Rows whose flow left the vSwitch in the last complete reading: readable until `begin`. */
  readonly removed: number[] = [];
  /** Traffic of all flows since the start by path, including flows that have left. */
  readonly totals: PathTotals = {
    vswitchPackets: 0,
    vswitchBytes: 0,
    carriedPackets: 0,
    carriedBytes: 0,
    fastPathPackets: 0,
    fastPathBytes: 0,
  };
  /** Time of the last complete reading, ms of the clock; -Infinity before the first. */
  readAtMs = Number.NEGATIVE_INFINITY;
  /** Number of complete readings. */
  readings = 0;

  #capacity = 0;
  /** Rows from here on are free. */
  #used = 0;
  /** Rows from here on have never had a flow: their values are the initial ones. */
  #touched = 0;
  /** Readings since the table was last at least a quarter full. */
  #sparseReadings = 0;
  #epoch = 0;
  #nowMs = 0;
  readonly #free = new FreeRows();
  readonly #flows = new RowFlows();
  readonly #laterPasses = new LaterPasses();
  readonly #matchAt = (row: number): FlowMatch => this.matchAt(row);
  #seen = new Uint32Array(0);
  #born = new Uint32Array(0);

  /** What shadow policies request; undefined while none is in force, see {@link keepShadow}. */
  get shadow(): ShadowColumns | undefined {
    return this.#shadow;
  }

  /** Creates or drops the shadow columns, which need memory only while they are written. */
  keepShadow(keep: boolean): void {
    if (!keep) {
      this.#shadow = undefined;
    } else if (this.#shadow === undefined) {
      this.#shadow = new ShadowColumns();
      this.#shadow.resize(this.#capacity);
    }
  }

  /** Starts a reading at `nowMs`; frees the rows that the last one removed. */
  begin(nowMs: number): void {
    for (const row of this.removed) {
      this.#flows.drop(row);
      this.#free.add(row);
    }
    if (this.removed.length > 0) this.#used = this.#free.trim(this.#used);
    this.removed.length = 0;
    this.#shrinkAfterPeak();
    this.#epoch++;
    this.#nowMs = nowMs;
  }

  /** Row of a flow, or -1 if it is not in the table. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#flows.find(w0, w1, w2, w3);
  }

  /** Row of a flow, or -1 if it is not in the table. */
  rowOf(id: FlowId): number {
    return this.#flows.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Starts a partial reading at `nowMs`. */
  beginPartial(nowMs: number): void {
    this.#epoch++;
    this.#nowMs = nowMs;
  }

  /**
   * Adds a flow that is not in the table; it is part of this reading once observed.
   *
   * @param ageMs time since the flow was made, ms; 0 if unknown
   */
  add(id: FlowId, match: FlowMatch, actions: FlowActions, ageMs = 0): number {
    const free = this.#free.takeLowest();
    const sinceMs = this.#nowMs - ageMs;
    const row = free === -1 ? this.#used++ : free;
    if (row >= this.#capacity) this.#grow(row + 1);
    this.#flows.start(row, id, match, actions);
    this.#laterPasses.startFlow(row, match);
    this.#followActions(actions);
    this.#born[row] = this.#epoch;
    if (row >= this.#touched) {
      this.#touched = row + 1;
      this.traffic.start(row, sinceMs);
      this.decision.start(row);
    } else {
      this.#seen[row] = 0;
      this.traffic.reset(row, sinceMs);
      this.rates.reset(row);
      this.forecast.reset(row);
      this.decision.reset(row);
      this.#shadow?.reset(row);
      this.sideTables.startFlow(row);
    }
    return row;
  }

  /**
   * Makes room for at least `rows` flows. A source that knows their number avoids repeated copies of
   * the columns as the table grows.
   */
  reserve(rows: number): void {
    if (rows > this.#capacity) this.#grow(rows);
  }

  /**
   * Records the vSwitch's cumulative counters of a flow. If a counter is below the last one, the
   * vSwitch has recreated the flow, and its counters restarted at zero. A later pass of
   * packets adds no traffic: the flow by which they entered has counted them.
   *
   * @param idleMs time since its last packet on the vSwitch; negative if it had none
   */
  observe(row: number, packets: number, bytes: number, idleMs: number): void {
    if (this.#laterPasses.has(row)) {
      this.rebase(row, packets, bytes, idleMs);
      return;
    }
    const t = this.traffic;
    const restarted = packets < t.rawPackets[row] || bytes < t.rawBytes[row];
    const newPackets = restarted ? packets : packets - t.rawPackets[row];
    const newBytes = restarted ? bytes : bytes - t.rawBytes[row];
    t.vswitchPackets[row] += newPackets;
    t.vswitchBytes[row] += newBytes;
    this.totals.vswitchPackets += newPackets;
    this.totals.vswitchBytes += newBytes;
    this.rebase(row, packets, bytes, idleMs);
  }

  /**
   * Records counters that cannot be compared with the last ones, for example because a part of their
   * sum is gone: adds no traffic, and serves as the base of the next ones.
   *
   * @param idleMs as for {@link observe}
   */
  rebase(row: number, packets: number, bytes: number, idleMs: number): void {
    const t = this.traffic;
    t.rawPackets[row] = packets;
    t.rawBytes[row] = bytes;
    if (idleMs >= 0) {
      const active = this.#nowMs - idleMs;
      // A flow may have been silent for a while at its first reading.
      const isNew = this.#born[row] === this.#epoch;
      if (isNew || active > t.lastActiveMs[row]) t.lastActiveMs[row] = active;
    }
    this.#seen[row] = this.#epoch;
  }

  /**
   * Adds the traffic of a flow that a backend carried since its last reading.
   *
   * @param row the flow's row, or -1 if the flow has left the vSwitch
   * @param atMs time of the last of these packets, ms of the clock; of the reading if unknown
   * @param by placement that the backend serves
   */
  carried(
    row: number,
    packets: number,
    bytes: number,
    atMs: number,
    by: Placement = Placement.offload,
  ): void {
    this.totals.carriedPackets += packets;
    this.totals.carriedBytes += bytes;
    if (by === Placement.fastPath) {
      this.totals.fastPathPackets += packets;
      this.totals.fastPathBytes += bytes;
    }
    if (row < 0) return;
    const t = this.traffic;
    t.carrier[row] = by;
    t.carriedPackets[row] += packets;
    t.carriedBytes[row] += bytes;
    if (packets > 0 && atMs > t.lastActiveMs[row]) t.lastActiveMs[row] = atMs;
  }

  /** Replaces a flow's actions, after the vSwitch changed them. */
  setActions(row: number, actions: FlowActions): void {
    this.#flows.setActions(row, actions);
    this.#followActions(actions);
    this.sideTables.startVersion(row);
  }

  /**
   * Replaces a flow's match. An id identifies the first packet's headers, not the mask: the vSwitch
   * may recreate the flow with the same id and another mask. Counts as a change of actions, because
   * an installed entry no longer does what the vSwitch does.
   */
  setMatch(row: number, match: FlowMatch): void {
    this.#flows.setMatch(row, match);
    this.#laterPasses.startFlow(row, match);
    this.sideTables.startVersion(row);
  }

  /** Completes a reading: `rows` are the flows observed in it, `removed` those that were not. */
  end(): void {
    this.#fitRows();
    let n = 0;
    for (let row = 0; row < this.#used; row++) {
      if (this.#seen[row] === this.#epoch) {
        this.rows[n++] = row;
      } else if (this.#born[row] !== 0) {
        this.#remove(row);
        this.removed.push(row);
      }
    }
    this.count = n;
    this.readAtMs = this.#nowMs;
    this.readings++;
  }

  /**
   * Completes a partial reading: the flows that it added join `rows`. Returns the rows that were
   * observed in it, in ascending order.
   */
  endPartial(): Int32Array {
    this.#fitRows();
    const observed: number[] = [];
    let n = 0;
    for (let row = 0; row < this.#used; row++) {
      if (this.#born[row] === 0) continue;
      if (this.#seen[row] === this.#epoch) {
        observed.push(row);
      } else if (this.#born[row] === this.#epoch) {
        this.#remove(row);
        this.removed.push(row);
        continue;
      }
      this.rows[n++] = row;
    }
    this.count = n;
    return Int32Array.from(observed);
  }

  /** Abandons a reading: the flows of the last complete one stay, new ones are removed. */
  abandon(): void {
    for (let row = 0; row < this.#used; row++) {
      if (this.#born[row] === this.#epoch) {
        // The next reading counts all traffic of the flow again.
        this.totals.vswitchPackets -= this.traffic.vswitchPackets[row];
        this.totals.vswitchBytes -= this.traffic.vswitchBytes[row];
        this.#remove(row);
        this.removed.push(row);
      }
    }
  }

  /** True if the row's flow has been observed in the reading that is in progress, or in the last one. */
  isObserved(row: number): boolean {
    return this.#seen[row] === this.#epoch;
  }

  /**
   * True if the row's flow is of packets that have passed another flow before: they were recirculated,
   * or taken out of a tunnel by the vSwitch.
   */
  isLaterPass(row: number): boolean {
    return this.#laterPasses.has(row);
  }

  /** Identity of the row's flow. */
  idAt(row: number): FlowId {
    return this.#flows.idAt(row);
  }

  /** Match of the row's flow; of none if the row has been dropped. */
  matchAt(row: number): FlowMatch {
    return this.#flows.matchAt(row);
  }

  /** Actions of the row's flow; none if the row has been dropped. */
  actionsAt(row: number): FlowActions {
    return this.#flows.actionsAt(row);
  }

  /** Version of the row's match and actions, starting at 1. */
  actionsVersionAt(row: number): number {
    return this.#flows.versionAt(row);
  }

  /** See {@link RowFlows.generation}. */
  get generation(): Uint32Array {
    return this.#flows.generation;
  }

  /** See {@link RowFlows.changes}. */
  get changes(): Uint32Array {
    return this.#flows.changes;
  }

  /** The row's flow, for a backend. */
  specAt(row: number): FlowSpec {
    return { id: this.idAt(row), match: this.matchAt(row), actions: this.actionsAt(row) };
  }

  /** Number of rows, live or not; every row is below it. */
  get highWater(): number {
    return this.#used;
  }

  /** Makes `rows` large enough for all rows, and not larger than the table. */
  #fitRows(): void {
    if (this.rows.length < this.#used || this.rows.length > this.#capacity) {
      this.rows = new Int32Array(this.#capacity);
    }
  }

  #followActions(actions: FlowActions): void {
    this.#laterPasses.startActions(actions, this.#used, this.#matchAt);
  }

  #remove(row: number): void {
    this.#flows.remove(row);
    this.#born[row] = 0;
  }

  #grow(rows: number): void {
    this.#resize(Math.max(MIN_CAPACITY, rows, this.#capacity * 2));
  }

  /** Frees most of the table when it has been nearly empty for some readings. */
  #shrinkAfterPeak(): void {
    const isSparse = this.#capacity > SMALL_CAPACITY && this.#used * SPARSE <= this.#capacity;
    this.#sparseReadings = isSparse ? this.#sparseReadings + 1 : 0;
    if (this.#sparseReadings < SPARSE_READINGS) return;
    this.#sparseReadings = 0;
    const capacity = Math.max(MIN_CAPACITY, this.#used * 2);
    this.#resize(capacity);
    this.#touched = Math.min(this.#touched, capacity);
  }

  #resize(capacity: number): void {
    this.#flows.resize(capacity);
    this.#free.resize(capacity);
    this.#laterPasses.resize(capacity);
    this.#seen = resizedU32(this.#seen, capacity);
    this.#born = resizedU32(this.#born, capacity);
    this.traffic.resize(capacity);
    this.rates.resize(capacity);
    this.forecast.resize(capacity);
    this.decision.resize(capacity);
    this.#shadow?.resize(capacity);
    this.sideTables.resize(capacity);
    this.#capacity = capacity;
  }
}
