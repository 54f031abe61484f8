import { resizedF64 } from '../../../engine/model/columns.ts';

const MIN_ROWS = 1_024;

/**
 * Time-out that a packet sets before a reply was seen, ms (`UDP_FIRST`, `UDP_SINGLE` and
 * `ICMP_FIRST` in lib/conntrack-tp.c). Afterwards it is 30 s.
 */
const FIRST_MS = 60_000;
/** vswitchd prints whole seconds, rounded down. */
const ROUNDING_MS = 1_000;
/** vswitchd takes the time of a packet once per batch. */
const SLACK_MS = 200;

/** When a dump was made: between the request and the end of the reply, ms of the monotonic clock. */
export interface DumpTime {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Proves that connections without states of their own (UDP, ICMP) have seen a reply, which vswitchd
 * does not print. What it prints is the time-out: a packet sets it to 60 s before the first reply,
 * and to 30 s afterwards. So a connection has seen a reply if a packet has set its time-out while we
 * watched, and it ends less than 60 s after we began to.
 *
 * Holds only for the time-outs by default. Rows are those of a store that only grows.
 */
export class ReplyWatch {
  /** Without a packet since, the connection ends between these times. */
  #endsFromMs = new Float64Array(MIN_ROWS);
  #endsBeforeMs = new Float64Array(MIN_ROWS);
  /** Packets after this time were watched. */
  #sinceMs = new Float64Array(MIN_ROWS);

  /** Begins to watch a connection that did not exist at `sinceMs`. */
  created(row: number, sinceMs: number): void {
    // It has had a packet since, whatever its time-out is.
    this.#set(row, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, sinceMs);
  }

  /** Begins to watch a connection with this time-out. */
  begin(row: number, timeoutSeconds: number, { startMs, endMs }: DumpTime): void {
    this.#set(row, earliest(timeoutSeconds, startMs), latest(timeoutSeconds, endMs), startMs);
  }

  /** Continues what `before` has watched. */
  carryOver(row: number, before: ReplyWatch, at: number): void {
    this.#set(row, before.#endsFromMs[at], before.#endsBeforeMs[at], before.#sinceMs[at]);
  }

  /** True when the row's connection, which has this time-out now, has seen a reply. */
  isProven(row: number, timeoutSeconds: number, time: DumpTime): boolean {
    const endsLater = earliest(timeoutSeconds, time.startMs) >= this.#endsBeforeMs[row];
    // The first reply halves the time-out.
    const endsEarlier = latest(timeoutSeconds, time.endMs) <= this.#endsFromMs[row];
    return (endsLater || endsEarlier) && !this.isOver(row, timeoutSeconds, time);
  }

  /**
   * True when this watch proves nothing: a packet since its beginning may have set the time-out to
   * 60 s.
   */
  isOver(row: number, timeoutSeconds: number, { endMs }: DumpTime): boolean {
    return latest(timeoutSeconds, endMs) >= this.#sinceMs[row] + FIRST_MS;
  }

  #set(row: number, endsFromMs: number, endsBeforeMs: number, sinceMs: number): void {
    if (row >= this.#sinceMs.length) this.#grow();
    this.#endsFromMs[row] = endsFromMs;
    this.#endsBeforeMs[row] = endsBeforeMs;
    this.#sinceMs[row] = sinceMs;
  }

  #grow(): void {
    const rows = this.#sinceMs.length * 2;
    this.#endsFromMs = resizedF64(this.#endsFromMs, rows);
    this.#endsBeforeMs = resizedF64(this.#endsBeforeMs, rows);
    this.#sinceMs = resizedF64(this.#sinceMs, rows);
  }
}

/** When a connection with this time-out ends at the earliest, printed at `startMs` or later. */
function earliest(timeoutSeconds: number, startMs: number): number {
  return startMs + 1_000 * timeoutSeconds - SLACK_MS;
}

/** Before when it ends, printed at `endMs` or earlier. */
function latest(timeoutSeconds: number, endMs: number): number {
  return endMs + 1_000 * timeoutSeconds + ROUNDING_MS + SLACK_MS;
}
