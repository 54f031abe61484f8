import { Placement, Wish } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { type ReasonCode, reasonIndex } from '../model/reason.ts';
import { bestFirst, kthLargest } from './select.ts';
import { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

/** Settings of the planner. */
export interface PlannerOptions {
  /** A flow that was moved is not moved again before this time, ms. Safety does not wait. */
  readonly minHoldMs: number;
  /** A newcomer takes a placed flow's entry only with a score so many times better; >= 1. */
  readonly hysteresis: number;
  /** Operations a second; those that safety demands are counted but never held back. */
  readonly operations: TokenBucketOptions;
}

/** What the planner may fill. */
export interface Room {
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  /** Entries that fit, those in use included. */
  readonly entries: number;
  /** Whether the backend could express the row's flow. */
  supports(row: number): boolean;
}

/** The moves for one backend, and the numbers behind them. Reused: valid until the next plan. */
export interface Plan {
  /** Rows to withdraw, then rows to install. */
  readonly withdraw: readonly number[];
  readonly install: readonly number[];
  /** The score a newcomer had to beat; -Infinity while there was room for all. */
  readonly cutoff: number;
  /** Flows that asked for an entry, those that have one included. */
  readonly contenders: number;
  /** Operations that could be afforded at the start of the plan. */
  readonly budget: number;
}

/**
 * Chooses which flows have an entry: the best scores within the room there is, placed flows
 * favoured, few moves at a time. Writes `decision.reason` of every live row and remembers
 * nothing of a flow: what it needs is in the table.
 *
 * Linear in flows, but for sorting the flows that are moved.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #bucket: TokenBucket;
  readonly #candidates: number[] = [];
  readonly #evictable: number[] = [];
  readonly #withdraw: number[] = [];
  readonly #install: number[] = [];
  #scratch = new Float64Array(0);

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.operations);
  }

  plan(table: FlowTable, room: Room, nowMs: number): Plan {
    this.#candidates.length = 0;
    this.#evictable.length = 0;
    this.#withdraw.length = 0;
    this.#install.length = 0;
    const budget = this.#bucket.available(nowMs);
    const pinned = this.#sort(table, room, nowMs, budget);
    const contenders = pinned + this.#evictable.length + this.#candidates.length;
    const cutoff = this.#cutoff(table, room.entries - pinned);
    this.#admit(table, room.entries - pinned, cutoff, budget);
    this.#bucket.take(this.#withdraw.length + this.#install.length);
    return { withdraw: this.#withdraw, install: this.#install, cutoff, contenders, budget };
  }

  /** Sends each live row to where it belongs; returns the placed flows that cannot be moved. */
  #sort(table: FlowTable, room: Room, nowMs: number, budget: number): number {
    const d = table.decision;
    const asks = room.placement === Placement.offload ? Wish.offload : Wish.fastPath;
    let pinned = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const held = nowMs - d.placedSinceMs[row] < this.#options.minHoldMs;
      if (d.placement[row] === room.placement) {
        // A wish for any other place: it has to leave this one first.
        const declined = d.wish[row] !== asks && d.wish[row] !== Wish.none;
        if (held) {
          pinned++;
          setReason(table, row, declined ? 'min-hold' : 'placed');
        } else if (declined && this.#withdraw.length < budget) {
          this.#withdraw.push(row);
          setReason(table, row, 'rule-onload');
        } else if (declined) {
          pinned++;
          setReason(table, row, 'budget');
        } else {
          this.#evictable.push(row);
          setReason(table, row, d.wish[row] === asks ? 'placed' : 'incumbent');
        }
      } else if (d.placement[row] === Placement.onload && d.wish[row] === asks) {
        const obstacle = this.#obstacle(table, row, room, held, nowMs);
        if (obstacle === undefined) this.#candidates.push(row);
        else setReason(table, row, obstacle);
      }
    }
    return pinned;
  }

  #obstacle(
    table: FlowTable,
    row: number,
    room: Room,
    held: boolean,
    nowMs: number,
  ): ReasonCode | undefined {
    if (!room.supports(row)) return 'unsupported';
    if (table.decision.retryAtMs[row] > nowMs) return 'refused';
    if (held) return 'min-hold';
    return undefined;
  }

  /** The score from which on a flow has an entry, when there is not room for all. */
  #cutoff(table: FlowTable, places: number): number {
    const score = table.decision.score;
    const n = this.#candidates.length + this.#evictable.length;
    if (this.#scratch.length < n) this.#scratch = new Float64Array(n * 2);
    if (n <= places) return Number.NEGATIVE_INFINITY;
    if (places <= 0) return Number.POSITIVE_INFINITY;
    let at = 0;
    for (const row of this.#candidates) this.#scratch[at++] = score[row];
    for (const row of this.#evictable) this.#scratch[at++] = this.#incumbentScore(table, row);
    return kthLargest(this.#scratch, n, places);
  }

  #incumbentScore(table: FlowTable, row: number): number {
    // A placed flow that no rule asks for keeps its entry only while nobody asks for one.
    return table.decision.wish[row] === Wish.none
      ? Number.MIN_VALUE
      : table.decision.score[row] * this.#options.hysteresis;
  }

  /** Fills free places with the best newcomers, then swaps, as far as the budget goes. */
  #admit(table: FlowTable, places: number, cutoff: number, budget: number): void {
    const victims = this.#evictable;
    let free = places - victims.length;
    let tokens = budget - this.#withdraw.length;
    const newcomers = this.#contestants(table, cutoff, tokens);
    const swaps = Math.min(newcomers.length, tokens);
    const weak = bestFirst(
      victims,
      Math.max(0, -free) + (cutoff > Number.NEGATIVE_INFINITY ? swaps : 0),
      (row) => -this.#incumbentScore(table, row),
      this.#scratch,
    );
    let victim = 0;
    // The table shrank under what it holds: the least worth goes, whatever the budget.
    for (; free < 0 && victim < weak; free++) {
      this.#evict(table, victims[victim++]);
      tokens--;
    }
    for (const row of newcomers) {
      const price = free > 0 ? 1 : 2;
      if (free <= 0 && (victim >= weak || !this.#beats(table, row, victims[victim]))) {
        setReason(table, row, 'table-full');
      } else if (tokens < price) {
        setReason(table, row, 'budget');
      } else {
        tokens -= price;
        if (free > 0) free--;
        else this.#evict(table, victims[victim++]);
        this.#install.push(row);
        setReason(table, row, 'installing');
      }
    }
  }

  /**
   * The newcomers at or above the cutoff that could be afforded, best first. The others are told
   * that the table is full or the budget used up.
   */
  #contestants(table: FlowTable, cutoff: number, tokens: number): readonly number[] {
    const score = table.decision.score;
    const rows = this.#candidates;
    let kept = 0;
    for (const row of rows) {
      if (score[row] >= cutoff) rows[kept++] = row;
      else setReason(table, row, 'table-full');
    }
    rows.length = kept;
    const best = bestFirst(rows, tokens, (row) => score[row], this.#scratch);
    for (let i = best; i < kept; i++) setReason(table, rows[i], 'budget');
    rows.length = best;
    return rows;
  }

  #evict(table: FlowTable, row: number): void {
    this.#withdraw.push(row);
    setReason(table, row, 'table-full');
  }

  #beats(table: FlowTable, newcomer: number, victim: number): boolean {
    return table.decision.score[newcomer] > this.#incumbentScore(table, victim);
  }
}

function setReason(table: FlowTable, row: number, code: ReasonCode): void {
  table.decision.reason[row] = reasonIndex(code);
}
