import { grownU32 } from '../../../engine/model/columns.ts';
import { Fingerprint } from './fingerprint.ts';

/** Where the parts of a flow's line begin and end. One object is reused for all lines. */
export interface LineParts {
  start: number;
  keyEnd: number;
  actionsAt: number;
  actionsEnd: number;
  /** Where the line ends, dp-extra-info included. */
  end: number;
}

/**
 * What the parser remembers of each row of the flow table from reading to reading: how long the
 * parts of its line are and their fingerprints, and the counters of the reading under way.
 */
export class RowMemory {
  /** From the line's begin to `, packets:`; 0 when nothing is remembered. */
  keyLength = new Uint32Array(0);
  keyA = new Int32Array(0);
  keyB = new Int32Array(0);
  /** From behind `actions:` to the end of the actions. */
  actionsLength = new Uint32Array(0);
  actionsA = new Int32Array(0);
  actionsB = new Int32Array(0);
  /** From the end of the actions to the end of the line (dp-extra-info). */
  tailLength = new Uint32Array(0);
  /** The reading that saw the row last. */
  seen = new Uint32Array(0);
  /** Lines of the row in that reading, and in the last one that was observed. */
  lines = new Uint16Array(0);
  linesObserved = new Uint16Array(0);
  /** The last reading in which a line of the row could not be read. */
  garbled = new Uint32Array(0);
  packets = new Float64Array(0);
  bytes = new Float64Array(0);
  /** ms since the last packet; negative when there was none. */
  idleMs = new Float64Array(0);
  readonly #fingerprint = new Fingerprint();

  /** True when the key in `[from, to)` is the one remembered; its length is not looked at. */
  hasKey(row: number, view: DataView, from: number, to: number): boolean {
    const fingerprint = this.#fingerprint;
    fingerprint.take(view, from, to);
    return fingerprint.a === this.keyA[row] && fingerprint.b === this.keyB[row];
  }

  /** The same for the actions. */
  hasActions(row: number, view: DataView, from: number, to: number): boolean {
    const fingerprint = this.#fingerprint;
    fingerprint.take(view, from, to);
    return fingerprint.a === this.actionsA[row] && fingerprint.b === this.actionsB[row];
  }

  /**
   * Remembers the row's line, whose actions have the fingerprint `actions`; without `known` it is
   * read in full the next time, too.
   */
  remember(
    row: number,
    view: DataView,
    line: LineParts,
    actions: Fingerprint,
    known: boolean,
  ): void {
    this.reserve(row + 1);
    const { start, keyEnd, actionsAt, actionsEnd, end } = line;
    const fingerprint = this.#fingerprint;
    fingerprint.take(view, start, keyEnd);
    this.keyA[row] = fingerprint.a;
    this.keyB[row] = fingerprint.b;
    this.keyLength[row] = known ? keyEnd - start : 0;
    this.actionsA[row] = actions.a;
    this.actionsB[row] = actions.b;
    this.actionsLength[row] = actionsEnd - actionsAt;
    this.tailLength[row] = end - actionsEnd;
  }

  /** Makes room for `rows` rows. */
  reserve(rows: number): void {
    if (rows <= this.keyLength.length) return;
    const length = Math.max(1024, 1 << (32 - Math.clz32(rows - 1)));
    this.keyLength = grownU32(this.keyLength, length);
    this.keyA = grownI32(this.keyA, length);
    this.keyB = grownI32(this.keyB, length);
    this.actionsLength = grownU32(this.actionsLength, length);
    this.actionsA = grownI32(this.actionsA, length);
    this.actionsB = grownI32(this.actionsB, length);
    this.tailLength = grownU32(this.tailLength, length);
    this.seen = grownU32(this.seen, length);
    this.lines = grownU16(this.lines, length);
    this.linesObserved = grownU16(this.linesObserved, length);
    this.garbled = grownU32(this.garbled, length);
    this.packets = grownF64(this.packets, length);
    this.bytes = grownF64(this.bytes, length);
    this.idleMs = grownF64(this.idleMs, length);
  }
}

function grownI32(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(length);
  next.set(old);
  return next;
}

function grownU16(old: Uint16Array, length: number): Uint16Array<ArrayBuffer> {
  const next = new Uint16Array(length);
  next.set(old);
  return next;
}

function grownF64(old: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(length);
  next.set(old);
  return next;
}
