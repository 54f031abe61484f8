/** Seeds that parameters are tuned on, and those that figures are reported on. */
export const TUNE_SEEDS: readonly number[] = [11, 12, 13];
export const REPORT_SEEDS: readonly number[] = [2001, 2002];

/** Entries of the tables that are compared. */
export const TABLES: readonly number[] = [64, 256, 1024, 8192];

/** Windows of a second, and the daemon's own period: ms, and the time that is judged by, s. */
export const WINDOWS: readonly { readonly windowMs: number; readonly seconds: number }[] = [
  { windowMs: 1000, seconds: 60 },
  { windowMs: 250, seconds: 20 },
];

/** Time before the judged one, in which tables fill, s. */
export const WARM_UP_SECONDS = 20;
