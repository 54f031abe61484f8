import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import { SideTable } from '../model/side-table.ts';

/** The first hold-down, ms; doubled after each, at most {@link MAX_DOUBLINGS} times: 16 minutes. */
const HOLD_DOWN_MS = 60_000;
const MAX_DOUBLINGS = 4;
/** Entries in a row that carry nothing until the whole pair of ports is held down. */
const FAILURES_OF_PAIR = 3;
/** Pairs of ports to remember; beyond it all are forgotten. */
const MAX_PAIRS = 4096;

/** What entries between two ports did. */
interface Pair {
  /** Entries that carried nothing since one did, or since the last hold-down. */
  failures: number;
  /** When an entry last carried packets, ms of the clock. */
  carriedAtMs: number;
  /** Hold-downs in a row. */
  strikes: number;
  untilMs: number;
}

/**
 * Keeps flows from being placed for a while after their entry carried nothing: each flow for itself,
 * and all flows between two ports when none of their entries carries anything.
 */
export class HoldDown {
  readonly #flows = new SideTable('flow');
  readonly #untilMs = this.#flows.float64(Number.NEGATIVE_INFINITY);
  readonly #strikes = this.#flows.uint8();
  readonly #versions = new SideTable('version');
  /** By row: 1 + index into the pairs; 0: not looked up yet. */
  readonly #pairOf = this.#versions.int32();
  #pairs: Pair[] = [];
  readonly #numbers = new Map<string, number>();
  #ports: PortSnapshot | undefined;

  /** Call it before each pass over the rows. */
  follow(table: FlowTable, ports: PortSnapshot): void {
    this.#flows.follow(table);
    this.#versions.follow(table);
    if (ports === this.#ports) return;
    // A recreated port is another port.
    this.#ports = ports;
    this.#versions.clear();
  }

  /** Until when the row's flow is or was held down, ms of the clock; -Infinity: never. */
  untilMs(table: FlowTable, row: number): number {
    const pair = this.#pairAt(table, row);
    return Math.max(this.#untilMs.values[row], pair.untilMs);
  }

  /** Records that the row's entry carries packets. */
  recordCarried(row: number, nowMs: number): void {
    this.#strikes.values[row] = 0;
    const number = this.#pairOf.values[row];
    if (number === 0) return;
    const pair = this.#pairs[number - 1];
    pair.carriedAtMs = nowMs;
    pair.failures = 0;
    pair.strikes = 0;
  }

  /** Holds the row's flow down because its entry has carried nothing since `sinceMs`. */
  hold(table: FlowTable, row: number, sinceMs: number, nowMs: number): void {
    const strikes = this.#strikes.values;
    this.#untilMs.values[row] = nowMs + durationMs(strikes[row]);
    strikes[row] = Math.min(MAX_DOUBLINGS, strikes[row] + 1);
    const pair = this.#pairAt(table, row);
    // Several entries of the pair can be released at the same time, and others carry packets.
    if (pair.untilMs > nowMs || pair.carriedAtMs > sinceMs) return;
    pair.failures++;
    if (pair.failures < FAILURES_OF_PAIR) return;
    pair.untilMs = nowMs + durationMs(pair.strikes);
    pair.strikes = Math.min(MAX_DOUBLINGS, pair.strikes + 1);
    // One more failure after the hold-down is enough for the next.
    pair.failures = FAILURES_OF_PAIR - 1;
  }

  #pairAt(table: FlowTable, row: number): Pair {
    const number = this.#pairOf.values[row];
    if (number > 0) return this.#pairs[number - 1];
    const found = this.#find(table, row);
    this.#pairOf.values[row] = found + 1;
    return this.#pairs[found];
  }

  #find(table: FlowTable, row: number): number {
    const outputs = table.actionsAt(row).flatMap((a) => (a.kind === 'output' ? [a.port] : []));
    const uuid = (name: string): string => this.#ports?.get(name)?.uuid ?? name;
    const key = [table.matchAt(row).inPort, ...outputs].map(uuid).join(' ');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.length >= MAX_PAIRS) {
      this.#pairs = [];
      this.#numbers.clear();
      this.#versions.clear();
    }
    const never = Number.NEGATIVE_INFINITY;
    const pair = { failures: 0, carriedAtMs: never, strikes: 0, untilMs: never };
    const number = this.#pairs.push(pair) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

function durationMs(strikes: number): number {
  return HOLD_DOWN_MS * 2 ** strikes;
}
