import type { SourceStatus } from '../engine/model/tick.ts';
import type { Log } from '../platform/log.ts';

/** Time that a source has for its first answer, ms. */
const FIRST_ANSWER_MS = 1_000;
/** Time to the first repetition of a warning, and the maximum, ms. */
const FIRST_REPEAT_MS = 5_000;
const MAX_REPEAT_MS = 300_000;
/** A source that has been fresh for this time is healthy: its next failure is logged at once, ms. */
const HEALTHY_MS = 60_000;

interface State {
  /** Since when the source is stale or fresh, ms of the clock. */
  sinceMs: number;
  fresh: boolean;
  /** Whether the current failure has been logged. */
  warned: boolean;
  /** The next warning is due then; the one after it, `repeatMs` later. */
  dueMs: number;
  repeatMs: number;
}

/**
 * Logs sources that are stale: at once, then repeatedly, at intervals that double; and once when they
 * are fresh again. A source that fails and recovers all the time is logged at the same intervals.
 */
export class SourceLog {
  readonly #log: Log;
  readonly #states = new Map<string, State>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the state of all sources as of now. */
  observe(sources: readonly SourceStatus[], nowMs: number): void {
    for (const source of sources) this.#observe(source, nowMs);
  }

  #observe(source: SourceStatus, nowMs: number): void {
    const { name, fresh } = source;
    let state = this.#states.get(name);
    if (state === undefined) {
      const dueMs = source.ageMs === Number.POSITIVE_INFINITY ? nowMs + FIRST_ANSWER_MS : nowMs;
      state = { sinceMs: nowMs, fresh, warned: false, dueMs, repeatMs: FIRST_REPEAT_MS };
      this.#states.set(name, state);
    }
    if (fresh) {
      if (!state.fresh) this.#recovered(state, name, nowMs);
      else if (nowMs - state.sinceMs >= HEALTHY_MS) this.#reset(state, nowMs);
      return;
    }
    if (state.fresh) {
      state.fresh = false;
      state.sinceMs = nowMs;
    }
    if (nowMs >= state.dueMs) this.#warn(state, source, nowMs);
  }

  #warn(state: State, { name, error, failures }: SourceStatus, nowMs: number): void {
    this.#log.warn(
      {
        source: name,
        error: error ?? 'its last answer is too old',
        failures,
        staleMs: Math.round(nowMs - state.sinceMs),
        repeatedInMs: state.repeatMs,
      },
      'a source is stale',
    );
    state.warned = true;
    state.dueMs = nowMs + state.repeatMs;
    state.repeatMs = Math.min(MAX_REPEAT_MS, 2 * state.repeatMs);
  }

  #recovered(state: State, name: string, nowMs: number): void {
    if (state.warned) {
      const staleMs = Math.round(nowMs - state.sinceMs);
      this.#log.info({ source: name, staleMs }, 'a source is fresh again');
    }
    state.fresh = true;
    state.warned = false;
    state.sinceMs = nowMs;
  }

  #reset(state: State, nowMs: number): void {
    state.dueMs = nowMs;
    state.repeatMs = FIRST_REPEAT_MS;
  }
}
