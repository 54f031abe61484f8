import type { Tick } from '../engine/model/tick.ts';
import type { SourceLog } from './source-log.ts';

/** Period of the checks, ms. */
const CHECK_MS = 500;
/** Time that a reading may take, unless the last one took longer, ms. */
const READING_MS = 2_000;

/** Options of {@link watchReadings}. */
export interface ReadingWatchOptions {
  /** Name of the flow source. */
  readonly name: string;
  readonly log: SourceLog;
  readonly now: () => number;
  /** The last tick; undefined before the first. */
  readonly lastTick: () => Tick | undefined;
  /** Tick period, ms. */
  readonly periodMs: () => number;
}

/**
 * Reports a flow source that takes long to answer a reading, before the time-out of the reading ends
 * it with an error. Returns a function that stops the watch.
 */
export function watchReadings(options: ReadingWatchOptions): () => void {
  const startedMs = options.now();
  const timer = setInterval(() => check(options, startedMs), CHECK_MS);
  return () => clearInterval(timer);
}

function check({ name, log, now, lastTick, periodMs }: ReadingWatchOptions, startMs: number): void {
  const nowMs = now();
  const tick = lastTick();
  const known = tick?.sources.find((source) => source.name === name);
  const costMs = known?.costMs ?? 0;
  const sinceMs = nowMs - (tick?.atMs ?? startMs);
  const waitedMs = sinceMs - (tick === undefined ? 0 : periodMs());
  if (waitedMs < Math.max(READING_MS, 2 * costMs)) return;
  const error = `it has not answered for ${(waitedMs / 1_000).toFixed(1)} s`;
  const ageMs = (known?.ageMs ?? Number.POSITIVE_INFINITY) + sinceMs;
  const failures = known?.failures ?? 0;
  log.observe(
    [{ name, fresh: false, ageMs, failures, error, costMs, periodMs: periodMs() }],
    nowMs,
  );
}
