/** Log of a writer; a pino logger implements it. */
export interface WriterLog {
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** Minimum time between two log lines about refused points, ms. */
const REFUSAL_LOG_PERIOD_MS = 60_000;

/** Logs the start and the end of an outage, and refusals at a limited rate. */
export class WriterStatusLog {
  readonly #log: WriterLog;
  #failingSinceMs: number | undefined;
  #kind: string | undefined;
  #refusedPoints = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: WriterLog) {
    this.#log = log;
  }

  failed(kind: string, message: string, queuedPoints: number): void {
    const changed = this.#kind !== kind;
    this.#failingSinceMs ??= performance.now();
    this.#kind = kind;
    if (changed) {
      this.#log.warn(
        { error: message, queuedPoints },
        'InfluxDB does not accept points; the queue keeps them',
      );
    }
  }

  answered(queuedPoints: number): void {
    if (this.#failingSinceMs === undefined) return;
    const seconds = Math.round((performance.now() - this.#failingSinceMs) / 1000);
    this.#failingSinceMs = undefined;
    this.#kind = undefined;
    this.#log.info({ seconds, queuedPoints }, 'InfluxDB accepts points again');
  }

  refused(points: number, message: string): void {
    this.#refusedPoints += points;
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < REFUSAL_LOG_PERIOD_MS) return;
    this.#loggedAtMs = nowMs;
    this.#log.warn(
      { error: message, points: this.#refusedPoints },
      'InfluxDB refused points; they are dropped',
    );
    this.#refusedPoints = 0;
  }

  ended(points: number): void {
    if (points > 0) this.#log.warn({ points }, 'points were not written before the daemon ended');
  }
}
