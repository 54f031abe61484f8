import type { PortSnapshot } from '../../engine/model/port.ts';
import type { NodeState } from '../../engine/model/tick.ts';
import type { FeedTick, TraceFeed, TraceFormat } from './feed.ts';
import { IdleFlows } from './idle-flows.ts';
import type { Traffic } from './traffic.ts';

/** A trace of packets or flow records: things that happen at a time. */
export interface TimedTrace {
  readonly format: TraceFormat;
  readonly ports: () => PortSnapshot;
  readonly notes: () => readonly string[];
  /** Time of the next packet, ms; undefined: there is none. Rejects with a TraceError. */
  nextMs(): Promise<number | undefined>;
  /** Puts what is before `untilMs` into `traffic`. Rejects with a TraceError. */
  play(untilMs: number, traffic: Traffic): Promise<void>;
}

/** From here on a time is one of the calendar (2000-01-01), before it is a count from zero, ms. */
const CALENDAR_MS = 946_684_800_000;
/** Nobody knows how the host was doing. */
const UNKNOWN: NodeState = { hostCpu: undefined, portLoad: new Map() };

/**
 * Plays a trace in ticks of one length. Time in which there are no flows at all is passed over, so
 * that a trace with a hole of a year takes no longer for it.
 */
export class TimedFeed implements TraceFeed {
  readonly format: TraceFormat;
  readonly #trace: TimedTrace;
  readonly #periodMs: number;
  readonly #idle = new IdleFlows();
  #startMs: number | undefined;
  #nowMs = 0;
  #skippedMs = 0;
  /** Why the trace cannot be read on: told once what came before it has been played. */
  #failure: { readonly error: unknown } | undefined;

  constructor(trace: TimedTrace, periodMs: number) {
    this.format = trace.format;
    this.#trace = trace;
    this.#periodMs = periodMs;
  }

  startMs(): number {
    return this.#startMs ?? 0;
  }

  notes(): readonly string[] {
    const notes = this.#trace.notes();
    if (this.#skippedMs === 0) return notes;
    const skipped = `${(this.#skippedMs / 1000).toFixed(0)} s without any flow were passed over`;
    return [...notes, skipped];
  }

  async next(traffic: Traffic): Promise<FeedTick | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const nextMs = await this.#trace.nextMs();
    if (nextMs === undefined) return undefined;
    if (this.#startMs === undefined) {
      this.#startMs = nextMs;
      this.#nowMs = nextMs;
    }
    if (traffic.live === 0) this.#passOver(nextMs);
    this.#nowMs += this.#periodMs;
    try {
      await this.#trace.play(this.#nowMs, traffic);
    } catch (error) {
      this.#failure = { error };
    }
    this.#idle.lookAfter(traffic, this.#nowMs);
    const wallMs = this.#startMs >= CALENDAR_MS ? this.#nowMs : undefined;
    return { atMs: this.#nowMs, wallMs, node: UNKNOWN, ports: this.#trace.ports() };
  }

  /**
   * Goes to the beginning of the tick in which the next packet comes. The tick before it is made,
   * empty: rates of what comes then are of one period.
   */
  #passOver(nextMs: number): void {
    const ticks = Math.floor((nextMs - this.#nowMs) / this.#periodMs) - 1;
    if (ticks <= 0) return;
    this.#nowMs += ticks * this.#periodMs;
    this.#skippedMs += ticks * this.#periodMs;
  }
}
