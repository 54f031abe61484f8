/** Seeds for tuning parameters, and for reported figures. */
export const TUNE_SEEDS: readonly number[] = [11, 12, 13];
export const REPORT_SEEDS: readonly number[] = Array.from({ length: 20 }, (_, i) => 2001 + i);

/** Table sizes to compare, entries. */
export const TABLES: readonly number[] = [64, 256, 1024, 8192];

/** Length of a window, ms; measured time, and warm-up before it in which tables fill, s. */
export interface Timing {
  readonly windowMs: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Windows of a second, and the daemon's own period. */
export const TIMINGS: readonly Timing[] = [
  { windowMs: 1000, warmUpSeconds: 20, seconds: 60 },
  { windowMs: 250, warmUpSeconds: 15, seconds: 15 },
];
