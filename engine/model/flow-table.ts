import type { FlowActions } from './action.ts';
import {
  DecisionColumns,
  grownU32,
  RateColumns,
  ShadowColumns,
  TrafficColumns,
} from './columns.ts';
import { ForecastColumns } from './forecast-columns.ts';
import { type FlowSpec, Placement } from './flow.ts';
import type { FlowId } from './flow-id.ts';
import { FlowIndex } from './flow-index.ts';
import type { FlowMatch } from './match.ts';
import { SideTables } from './side-tables.ts';

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
 * Every flow of the vSwitch, one row each: the knowledge that the loop shares.
 *
 * A row belongs to one flow from the reading that first saw it to the reading that no longer
 * did; counters, rates and decisions of a flow so stay in place from tick to tick and nothing is
 * allocated for a flow that was there before.
 *
 * A reading goes `begin`, then for each flow `find` or `add` and `observe`, then `end` (or
 * `abandon` when the source failed half-way).
 */
export class FlowTable {
  readonly traffic = new TrafficColumns();
  readonly rates = new RateColumns();
  readonly forecast = new ForecastColumns();
  readonly decision = new DecisionColumns();
  #shadow: ShadowColumns | undefined;
  /** What others keep by row, which grows and is reset with the rows: `engine/model/side-table.ts`. */
  readonly sideTables = new SideTables();

  /** The live rows of the last complete reading: `rows[0 .. count)`. */
  rows = new Int32Array(0);
  count = 0;
  /** Rows whose flow left the vSwitch in the last complete reading: readable until `begin`. */
  readonly removed: number[] = [];
  /** What all flows together sent since the start, by path: flows that have left included. */
  readonly totals: PathTotals = {
    vswitchPackets: 0,
    vswitchBytes: 0,
    carriedPackets: 0,
    carriedBytes: 0,
    fastPathPackets: 0,
    fastPathBytes: 0,
  };
  /** Clock of the last complete reading, ms; -Infinity before the first. */
  readAtMs = Number.NEGATIVE_INFINITY;

  #capacity = 0;
  #used = 0;
  #epoch = 0;
  #nowMs = 0;
  readonly #free: number[] = [];
  #words = new Uint32Array(0);
  readonly #index = new FlowIndex(this.#words);
  #seen = new Uint32Array(0);
  #born = new Uint32Array(0);
  #matches: FlowMatch[] = [];
  #actions: FlowActions[] = [];
  #actionsVersion = new Uint32Array(0);
  #generation = new Uint32Array(0);
  #changes = new Uint32Array(0);

  /** What shadow policies ask for; there only while one is in force, see {@link keepShadow}. */
  get shadow(): ShadowColumns | undefined {
    return this.#shadow;
  }

  /** Makes the shadow columns, or drops them: they cost memory only while they are written. */
  keepShadow(keep: boolean): void {
    if (!keep) {
      this.#shadow = undefined;
    } else if (this.#shadow === undefined) {
      this.#shadow = new ShadowColumns();
      this.#shadow.grow(this.#capacity);
    }
  }

  /** Starts a reading at `nowMs`; frees the rows that the last one removed. */
  begin(nowMs: number): void {
    for (const row of this.removed) {
      this.#matches[row] = GONE_MATCH;
      this.#actions[row] = GONE_ACTIONS;
      this.#free.push(row);
    }
    this.removed.length = 0;
    this.#epoch++;
    this.#nowMs = nowMs;
  }

  /** Row of a flow that is in the table, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** Row of a flow that is in the table, or -1. */
  rowOf(id: FlowId): number {
    return this.#index.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Adds a flow that `find` did not find; it counts as part of this reading once observed. */
  add(id: FlowId, match: FlowMatch, actions: FlowActions): number {
    const used = this.#free.pop();
    const row = used ?? this.#used++;
    if (row >= this.#capacity) this.#grow(row + 1);
    const at = row * 4;
    this.#words[at] = id.w0;
    this.#words[at + 1] = id.w1;
    this.#words[at + 2] = id.w2;
    this.#words[at + 3] = id.w3;
    this.#index.insert(row);
    this.#matches[row] = match;
    this.#actions[row] = actions;
    this.#actionsVersion[row] = 1;
    this.#generation[row]++;
    this.#changes[row]++;
    this.#born[row] = this.#epoch;
    if (used === undefined) {
      this.traffic.start(row, this.#nowMs);
      this.decision.start(row);
    } else {
      this.#seen[row] = 0;
      this.traffic.reset(row, this.#nowMs);
      this.rates.reset(row);
      this.forecast.reset(row);
      this.decision.reset(row);
      this.#shadow?.reset(row);
      this.sideTables.startFlow(row);
    }
    return row;
  }

  /**
   * Makes room for `rows` flows altogether, if there is less. A hint of a source that knows how
   * many come: the columns are then not copied again and again as the table doubles.
   */
  reserve(rows: number): void {
    if (rows > this.#capacity) this.#grow(rows);
  }

  /**
   * Records the vSwitch's cumulative counters of a flow. A counter below the last one means that
   * the vSwitch made the flow anew: it counts from zero.
   *
   * @param idleMs time since its last packet on the vSwitch; negative when it had none
   */
  observe(row: number, packets: number, bytes: number, idleMs: number): void {
    const t = this.traffic;
    const anew = packets < t.rawPackets[row] || bytes < t.rawBytes[row];
    const newPackets = anew ? packets : packets - t.rawPackets[row];
    const newBytes = anew ? bytes : bytes - t.rawBytes[row];
    t.vswitchPackets[row] += newPackets;
    t.vswitchBytes[row] += newBytes;
    this.totals.vswitchPackets += newPackets;
    this.totals.vswitchBytes += newBytes;
    this.rebase(row, packets, bytes, idleMs);
  }

  /**
   * Records counters that cannot be compared with the last ones, as when a part of what they sum
   * up is gone: nothing is gained by them, and the next ones count from here.
   *
   * @param idleMs as for {@link observe}
   */
  rebase(row: number, packets: number, bytes: number, idleMs: number): void {
    const t = this.traffic;
    t.rawPackets[row] = packets;
    t.rawBytes[row] = bytes;
    if (idleMs >= 0) {
      const active = this.#nowMs - idleMs;
      // A flow may have been silent for a while when it is first read.
      const isNew = this.#born[row] === this.#epoch;
      if (isNew || active > t.lastActiveMs[row]) t.lastActiveMs[row] = active;
    }
    this.#seen[row] = this.#epoch;
  }

  /**
   * Adds what a backend carried of a flow since it was last asked.
   *
   * @param row the flow's row, or -1 when the flow has left the vSwitch meanwhile
   * @param atMs when the last of these packets was carried, ms; where nobody knows, when the backend
   *   was asked
   * @param by the placement that the backend serves
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

  /** Replaces a flow's actions: the vSwitch now does something else with it. */
  setActions(row: number, actions: FlowActions): void {
    this.#actions[row] = actions;
    this.#changeVersion(row);
  }

  /**
   * Replaces a flow's match. An id stands for the first packet's headers, not for the mask: the
   * vSwitch may make the flow anew under the same id with another mask. Counts as a change of
   * actions, for what is installed is no longer what the vSwitch does.
   */
  setMatch(row: number, match: FlowMatch): void {
    this.#matches[row] = match;
    this.#changeVersion(row);
  }

  /** Completes a reading: `rows` are the flows observed in it, `removed` those that were not. */
  end(): void {
    if (this.rows.length < this.#used) this.rows = new Int32Array(this.#capacity);
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
  }

  /** Gives a reading up: the flows of the last complete one stay, those new in this one go. */
  abandon(): void {
    for (let row = 0; row < this.#used; row++) {
      if (this.#born[row] === this.#epoch) {
        // The next reading finds the flow with all it sent: it must not count twice.
        this.totals.vswitchPackets -= this.traffic.vswitchPackets[row];
        this.totals.vswitchBytes -= this.traffic.vswitchBytes[row];
        this.#remove(row);
        this.removed.push(row);
      }
    }
  }

  /** Identity of the row's flow. */
  idAt(row: number): FlowId {
    const at = row * 4;
    const w = this.#words;
    return { w0: w[at], w1: w[at + 1], w2: w[at + 2], w3: w[at + 3] };
  }

  /** What the row's flow matches. */
  matchAt(row: number): FlowMatch {
    return this.#matches[row];
  }

  /** What the vSwitch does with the row's flow. */
  actionsAt(row: number): FlowActions {
    return this.#actions[row];
  }

  /** Counts the changes of the row's actions, from 1. */
  actionsVersionAt(row: number): number {
    return this.#actionsVersion[row];
  }

  /**
   * By row: counts, from 1, the flows that the row was given to. While it stands still, the row has
   * the same flow.
   */
  get generation(): Uint32Array {
    return this.#generation;
  }

  /**
   * By row: counts, from 1, the flows that the row was given to and the changes of their matches
   * and actions. While it stands still, all that follows from what the flow is stays the same.
   */
  get changes(): Uint32Array {
    return this.#changes;
  }

  /** The row's flow as a backend takes it. */
  specAt(row: number): FlowSpec {
    return { id: this.idAt(row), match: this.#matches[row], actions: this.#actions[row] };
  }

  /** Rows that exist, live or not: an upper bound of every row number. */
  get highWater(): number {
    return this.#used;
  }

  #changeVersion(row: number): void {
    this.#actionsVersion[row]++;
    this.#changes[row]++;
    this.sideTables.startVersion(row);
  }

  #remove(row: number): void {
    this.#index.remove(row);
    this.#born[row] = 0;
  }

  #grow(rows: number): void {
    const capacity = Math.max(256, rows, this.#capacity * 2);
    this.#words = grownU32(this.#words, capacity * 4);
    this.#index.rebase(this.#words);
    this.#index.reserve(capacity);
    this.#seen = grownU32(this.#seen, capacity);
    this.#born = grownU32(this.#born, capacity);
    this.#actionsVersion = grownU32(this.#actionsVersion, capacity);
    this.#generation = grownU32(this.#generation, capacity);
    this.#changes = grownU32(this.#changes, capacity);
    this.#matches = grown(this.#matches, capacity, GONE_MATCH);
    this.#actions = grown(this.#actions, capacity, GONE_ACTIONS);
    this.traffic.grow(capacity);
    this.rates.grow(capacity);
    this.forecast.grow(capacity);
    this.decision.grow(capacity);
    this.#shadow?.grow(capacity);
    this.sideTables.grow(capacity);
    this.#capacity = capacity;
  }
}

const GONE_MATCH: FlowMatch = { inPort: '', fields: [], opaque: [] };
const GONE_ACTIONS: FlowActions = [];

/** A copy of `old` that is `length` long, `rest` behind it. */
function grown<T>(old: readonly T[], length: number, rest: T): T[] {
  const next = old.slice();
  next.length = length;
  return next.fill(rest, old.length);
}
