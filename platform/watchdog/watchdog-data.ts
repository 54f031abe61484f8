/** What the main thread passes to the watchdog's thread. */
export interface WatchdogData {
  /** Memory of {@link SharedState}. */
  readonly buffer: SharedArrayBuffer;
  /** Period of the checks, ms. */
  readonly periodMs: number;
  /** Consecutive checks without a beat after which the event loop counts as blocked. */
  readonly checks: number;
  /** The log is pretty (true) or JSON. */
  readonly pretty: boolean;
  /** The log goes to the journal, and its lines begin with their priority. */
  readonly journal: boolean;
  readonly exitCode: number;
}
