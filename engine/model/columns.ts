/**
 * Columns of the flow table, grouped by who writes them. Rows are the same in every group.
 * The arrays are replaced when the table grows or shrinks: do not keep a reference across a tick.
 */

/** `next` with as much of the contents of `old` as fits. */
export function copied<
  Column extends {
    readonly length: number;
    set(from: Column): void;
    subarray(from: number, to: number): Column;
  },
>(old: Column, next: Column): Column {
  next.set(old.length > next.length ? old.subarray(0, next.length) : old);
  return next;
}

/** A copy of `old` with `rows` elements; new elements are 0. */
export function resizedF64(
  old: Float64Array<ArrayBuffer>,
  rows: number,
): Float64Array<ArrayBuffer> {
  return copied(old, new Float64Array(rows));
}

/** A copy of `old` with `rows` elements; new elements are 0. */
export function resizedU8(old: Uint8Array<ArrayBuffer>, rows: number): Uint8Array<ArrayBuffer> {
  return copied(old, new Uint8Array(rows));
}

function resizedU16(old: Uint16Array<ArrayBuffer>, rows: number): Uint16Array<ArrayBuffer> {
  return copied(old, new Uint16Array(rows));
}

/** A copy of `old` with `length` elements; new elements are 0. */
export function resizedU32(
  old: Uint32Array<ArrayBuffer>,
  length: number,
): Uint32Array<ArrayBuffer> {
  return copied(old, new Uint32Array(length));
}

/** Cumulative counters since the flow was first seen. Written by flow sources and backends. */
export class TrafficColumns {
  /** Packets and bytes (with the L2 header) that went through the vSwitch. */
  vswitchPackets = new Float64Array(0);
  vswitchBytes = new Float64Array(0);
  /** Packets and bytes carried by a backend instead. Disjoint from the vSwitch's. */
  carriedPackets = new Float64Array(0);
  carriedBytes = new Float64Array(0);
  /** The {@link Placement} whose backend carried packets last; 0 before it did. */
  carrier = new Uint8Array(0);
  /** The vSwitch's counters at the last reading; they restart when it recreates the flow. */
  rawPackets = new Float64Array(0);
  rawBytes = new Float64Array(0);
  /** When the flow was first seen, ms of the clock. */
  firstSeenMs = new Float64Array(0);
  /** When a packet was last seen on any path, ms of the clock. */
  lastActiveMs = new Float64Array(0);

  resize(rows: number): void {
    this.vswitchPackets = resizedF64(this.vswitchPackets, rows);
    this.vswitchBytes = resizedF64(this.vswitchBytes, rows);
    this.carriedPackets = resizedF64(this.carriedPackets, rows);
    this.carriedBytes = resizedF64(this.carriedBytes, rows);
    this.carrier = resizedU8(this.carrier, rows);
    this.rawPackets = resizedF64(this.rawPackets, rows);
    this.rawBytes = resizedF64(this.rawBytes, rows);
    this.firstSeenMs = resizedF64(this.firstSeenMs, rows);
    this.lastActiveMs = resizedF64(this.lastActiveMs, rows);
  }

  /** Initializes a row that was never used: its other values are 0 already. */
  start(row: number, nowMs: number): void {
    this.firstSeenMs[row] = nowMs;
    this.lastActiveMs[row] = nowMs;
  }

  reset(row: number, nowMs: number): void {
    this.vswitchPackets[row] = 0;
    this.vswitchBytes[row] = 0;
    this.carriedPackets[row] = 0;
    this.carriedBytes[row] = 0;
    this.carrier[row] = 0;
    this.rawPackets[row] = 0;
    this.rawBytes[row] = 0;
    this.start(row, nowMs);
  }
}

/** Rates over all paths. Written by telemetry once per tick. */
export class RateColumns {
  /** Time of the reading up to which the rates are, ms of the clock; -Infinity before the first. */
  atMs = Number.NEGATIVE_INFINITY;
  /** Smoothed (time-weighted EWMA). */
  bitsPerSecond = new Float64Array(0);
  packetsPerSecond = new Float64Array(0);
  /** Of the last tick alone. */
  lastBitsPerSecond = new Float64Array(0);
  lastPacketsPerSecond = new Float64Array(0);
  /** Totals at the last tick, for the next tick's rates. */
  previousBytes = new Float64Array(0);
  previousPackets = new Float64Array(0);
  /** The same of what backends carried. */
  previousCarried = new Float64Array(0);
  /** Up to when the row's rates are, ms of the clock: late counters hold them back. */
  countedMs = new Float64Array(0);
  /** 0 until the row has a rate. */
  primed = new Uint8Array(0);
  /** How late counters of backends are, ms, by placement; Infinity for a backend without counters. */
  counterDelaysMs: readonly number[] = [];

  resize(rows: number): void {
    this.bitsPerSecond = resizedF64(this.bitsPerSecond, rows);
    this.packetsPerSecond = resizedF64(this.packetsPerSecond, rows);
    this.lastBitsPerSecond = resizedF64(this.lastBitsPerSecond, rows);
    this.lastPacketsPerSecond = resizedF64(this.lastPacketsPerSecond, rows);
    this.previousBytes = resizedF64(this.previousBytes, rows);
    this.previousPackets = resizedF64(this.previousPackets, rows);
    this.previousCarried = resizedF64(this.previousCarried, rows);
    this.countedMs = resizedF64(this.countedMs, rows);
    this.primed = resizedU8(this.primed, rows);
  }

  reset(row: number): void {
    this.bitsPerSecond[row] = 0;
    this.packetsPerSecond[row] = 0;
    this.lastBitsPerSecond[row] = 0;
    this.lastPacketsPerSecond[row] = 0;
    this.previousBytes[row] = 0;
    this.previousPackets[row] = 0;
    this.previousCarried[row] = 0;
    this.countedMs[row] = 0;
    this.primed[row] = 0;
  }
}

/** What rules request for each flow: the columns that an evaluator writes. */
export interface RequestColumns {
  readonly requested: Uint8Array;
  readonly score: Float64Array;
  readonly rule: Uint16Array;
  readonly scoredByWorth: Uint8Array;
}

/**
 * What the rules would request if every shadow policy were enforced. Written by the evaluator; no
 * flow is moved for it.
 */
export class ShadowColumns {
  /** A {@link RequestedPlacement}. */
  requested = new Uint8Array(0);
  score = new Float64Array(0);
  /** 1 + index of the rule that made the request, of a shadow policy or not; 0 for none. */
  rule = new Uint16Array(0);
  /** 1: the score is the flow's forecast worth; 0: a rule set it, or no rule requests the flow. */
  scoredByWorth = new Uint8Array(0);

  resize(rows: number): void {
    this.requested = resizedU8(this.requested, rows);
    this.score = resizedF64(this.score, rows);
    this.rule = resizedU16(this.rule, rows);
    this.scoredByWorth = resizedU8(this.scoredByWorth, rows);
  }

  reset(row: number): void {
    this.requested[row] = 0;
    this.score[row] = 0;
    this.rule[row] = 0;
    this.scoredByWorth[row] = 0;
  }
}

/** Placement of each flow and why. Written only by the engine. */
export class DecisionColumns {
  /** A {@link Placement}, as the backend confirmed it. */
  placement = new Uint8Array(0);
  /** Time of the last change of placement, ms of the clock. */
  placedSinceMs = new Float64Array(0);
  /** `carriedPackets` of the flow at the last change of placement, see model/carriage.ts. */
  carriedBefore = new Float64Array(0);
  /** `actionsVersion` of the flow when its entry was installed. */
  installedVersion = new Uint32Array(0);
  /** A {@link RequestedPlacement}, as of the last tick that evaluated the flow. */
  requested = new Uint8Array(0);
  /** Score of the flow; larger is better; its unit depends on the rule. */
  score = new Float64Array(0);
  /** 1 + index of the rule that made the request; 0 for none. */
  rule = new Uint16Array(0);
  /**
   * 1: the score is the flow's forecast worth, so that the gain of moving it is known; 0: a rule set
   * the score, or no rule requests the flow.
   */
  scoredByWorth = new Uint8Array(0);
  /** The flow's slice: 1 + index into the slices of its evaluation; 0 for none. */
  slice = new Uint16Array(0);
  /** Index into REASONS, and the ReasonStage that gave it; written only by `giveReason`. */
  reason = new Uint8Array(0);
  reasonStage = new Uint8Array(0);
  /** Consecutive refusals, and the earliest time of the next attempt, ms of the clock. */
  refusals = new Uint8Array(0);
  retryAtMs = new Float64Array(0);

  resize(rows: number): void {
    this.placement = resizedU8(this.placement, rows);
    this.placedSinceMs = resizedF64(this.placedSinceMs, rows);
    this.carriedBefore = resizedF64(this.carriedBefore, rows);
    this.installedVersion = resizedU32(this.installedVersion, rows);
    this.requested = resizedU8(this.requested, rows);
    this.score = resizedF64(this.score, rows);
    this.rule = resizedU16(this.rule, rows);
    this.scoredByWorth = resizedU8(this.scoredByWorth, rows);
    this.slice = resizedU16(this.slice, rows);
    this.reason = resizedU8(this.reason, rows);
    this.reasonStage = resizedU8(this.reasonStage, rows);
    this.refusals = resizedU8(this.refusals, rows);
    this.retryAtMs = resizedF64(this.retryAtMs, rows);
  }

  /** Initializes a row that was never used: its other values are 0 already. */
  start(row: number): void {
    this.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
    this.retryAtMs[row] = Number.NEGATIVE_INFINITY;
  }

  reset(row: number): void {
    this.placement[row] = 0;
    this.carriedBefore[row] = 0;
    this.installedVersion[row] = 0;
    this.requested[row] = 0;
    this.score[row] = 0;
    this.rule[row] = 0;
    this.scoredByWorth[row] = 0;
    this.slice[row] = 0;
    this.reason[row] = 0;
    this.reasonStage[row] = 0;
    this.refusals[row] = 0;
    this.start(row);
  }
}
