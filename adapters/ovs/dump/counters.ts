import { word } from './bytes.ts';

const COMMA = 0x2c;
const DOT = 0x2e;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LETTER_S = 0x73;

const PACKETS_0 = word(', pa');
const PACKETS_4 = word('cket');
const PACKETS_6 = word('ets:');
const BYTES_0 = word(', by');
const BYTES_4 = word('tes:');
const USED_0 = word(', us');
const USED_3 = word('sed:');
const NEVER_0 = word('neve');
const NEVER_1 = word('ever');
const ACTIONS_0 = word(', ac');
const ACTIONS_4 = word('tion');
const ACTIONS_6 = word('ons:');
const DP_0 = word(', dp');
const DP_TC = word(':tc,');

/** Bytes that the reader may read beyond its position without a bounds check. */
export const LOOK_AHEAD = 32;

/** Bytes per packet that tc does not count (act_mirred and flower count from the L3 header on). */
const L2_HEADER_BYTES = 14;

/**
 * Reads the text between the key and the actions of a flow (dpif_flow_stats_format in lib/dpif.c,
 * format_dpif_flow in lib/dpctl.c):
 * `, packets:1, bytes:2, used:0.003s, flags:S., offloaded:yes, dp:tc, actions:`.
 */
export class CounterReader {
  packets = 0;
  /** Includes the L2 header, for flows in tc, too. */
  bytes = 0;
  /** ms since the last packet; -1 when there was none. */
  idleMs = -1;

  /**
   * Reads from `from` on and returns where the actions begin, or -1 when the text differs. `text`
   * and `view` must reach {@link LOOK_AHEAD} bytes beyond `limit`.
   */
  read(text: Uint8Array, view: DataView, from: number, limit: number): number {
    let p = from;
    if (p > limit || view.getInt32(p, true) !== PACKETS_0) return -1;
    if (view.getInt32(p + 4, true) !== PACKETS_4) return -1;
    if (view.getInt32(p + 6, true) !== PACKETS_6) return -1;
    p += 10;
    let start = p;
    let value = 0;
    for (let d = text[p] - 0x30; d >= 0 && d <= 9; d = text[++p] - 0x30) value = value * 10 + d;
    if (p === start || p > limit || view.getInt32(p, true) !== BYTES_0) return -1;
    if (view.getInt32(p + 4, true) !== BYTES_4) return -1;
    this.packets = value;
    p += 8;
    start = p;
    value = 0;
    for (let d = text[p] - 0x30; d >= 0 && d <= 9; d = text[++p] - 0x30) value = value * 10 + d;
    if (p === start || p > limit || view.getInt32(p, true) !== USED_0) return -1;
    if (view.getInt32(p + 3, true) !== USED_3) return -1;
    this.bytes = value;
    p = this.#used(text, view, p + 7, limit);
    return p < 0 ? -1 : this.#attributes(text, view, p, limit);
  }

  /** Sets the counters of a line that adds nothing. */
  clear(): void {
    this.packets = 0;
    this.bytes = 0;
    this.idleMs = -1;
  }

  /** `never`, or seconds with three decimal places. */
  #used(text: Uint8Array, view: DataView, from: number, limit: number): number {
    let p = from;
    if (view.getInt32(p, true) === NEVER_0 && view.getInt32(p + 1, true) === NEVER_1) {
      this.idleMs = -1;
      return p + 5;
    }
    // vswitchd caches its clock, so the time of a packet can be slightly in its future.
    const future = text[p] === MINUS;
    if (future) p++;
    const start = p;
    let value = 0;
    for (let d = text[p] - 0x30; d >= 0 && d <= 9; d = text[++p] - 0x30) value = value * 10 + d;
    if (p === start || p > limit || text[p] !== DOT) return -1;
    const point = p++;
    for (let d = text[p] - 0x30; d >= 0 && d <= 9; d = text[++p] - 0x30) value = value * 10 + d;
    if (p - point !== 4 || text[p] !== LETTER_S) return -1;
    this.idleMs = future ? 0 : value;
    return p + 1;
  }

  /** Attributes up to and including `, actions:`. */
  #attributes(text: Uint8Array, view: DataView, from: number, limit: number): number {
    let p = from;
    for (;;) {
      if (p > limit) return -1;
      const head = view.getInt32(p, true);
      if (head === ACTIONS_0) {
        const named =
          view.getInt32(p + 4, true) === ACTIONS_4 && view.getInt32(p + 6, true) === ACTIONS_6;
        return named ? p + 10 : -1;
      }
      if (text[p] !== COMMA) return -1;
      if (head === DP_0 && view.getInt32(p + 4, true) === DP_TC) {
        this.bytes += L2_HEADER_BYTES * this.packets;
      }
      for (p++; text[p] !== COMMA; p++) {
        if (p > limit || (text[p] === BACKSLASH && text[p + 1] === LETTER_N)) return -1;
      }
    }
  }
}
