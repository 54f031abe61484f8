import type { PortSnapshot } from '../../engine/model/port.ts';
import type { NodeState } from '../../engine/model/tick.ts';
import type { FeedTick, TraceFeed, TraceFormat } from './feed.ts';
import { IdleFlows } from './idle-flows.ts';
import type { Traffic } from './traffic.ts';

/** A trace of packets or flow records, which have times. */
export interface TimedTrace {
  readonly format: TraceFormat;
  readonly ports: () => PortSnapshot;
  readonly notes: () => readonly string[];
  /** Time of the next packet, ms; undefined at the end. Rejects with a TraceError. */
  nextMs(): Promise<number | undefined>;
  /** Writes the packets before `untilMs` to `traffic`. Rejects with a TraceError. */
  play(untilMs: number, traffic: Traffic): Promise<void>;
}

/** Later trace times are wall-clock times; earlier ones count from 0. 2000-01-01, ms. */
const CALENDAR_MS = 946_684_800_000;
/** These traces have no state of the host. */
const UNKNOWN: NodeState = { hostCpu: undefined, portLoad: new Map() };

/**
 * Plays a trace in ticks of one length. Time without any flow is skipped, so that a gap in the
 * trace costs nothing.
 */
export class TimedFeed implements TraceFeed {
  readonly format: TraceFormat;
  readonly #trace: TimedTrace;
  readonly #periodMs: number;
  readonly #idle = new IdleFlows();
  #startMs: number | undefined;
  #nowMs = 0;
  #skippedMs = 0;
  /** Why reading failed; thrown after the traffic before it has been played. */
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
    const skipped = `${(this.#skippedMs / 1000).toFixed(0)} s without any flow were skipped`;
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
    if (traffic.live === 0) this.#skipIdleTime(nextMs);
    this.#nowMs += this.#periodMs;
    try {
      await this.#trace.play(this.#nowMs, traffic);
    } catch (error) {
      this.#failure = { error };
    }
    this.#idle.removeIdle(traffic, this.#nowMs);
    const wallMs = this.#startMs >= CALENDAR_MS ? this.#nowMs : undefined;
    return { atMs: this.#nowMs, wallMs, node: UNKNOWN, ports: this.#trace.ports() };
  }

  /**
   * Skips to one tick before the tick of the next packet. That tick is played empty, so that the
   * rates of the next tick cover one period.
   */
  #skipIdleTime(nextMs: number): void {
    const ticks = Math.floor((nextMs - this.#nowMs) / this.#periodMs) - 1;
    if (ticks <= 0) return;
    this.#nowMs += ticks * this.#periodMs;
    this.#skippedMs += ticks * this.#periodMs;
  }
}
