/** Where a writer tells what people should hear. A pino logger is one. */
export interface WriterLog {
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** A refusal is told at most once in so long, ms. */
const REFUSALS_MS = 60_000;

/** Tells of an outage when it begins and ends, and of refusals once in a while. */
export class WriterStatusLog {
  readonly #log: WriterLog;
  #failingSinceMs: number | undefined;
  #kind: string | undefined;
  #refusedPoints = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: WriterLog) {
    this.#log = log;
  }

  failed(kind: string, message: string, queuedPoints: number): void {
    const news = this.#kind !== kind;
    this.#failingSinceMs ??= performance.now();
    this.#kind = kind;
    if (news) {
      this.#log.warn({ error: message, queuedPoints }, 'InfluxDB takes no points; they are kept');
    }
  }

  answered(queuedPoints: number): void {
    if (this.#failingSinceMs === undefined) return;
    const seconds = Math.round((performance.now() - this.#failingSinceMs) / 1000);
    this.#failingSinceMs = undefined;
    this.#kind = undefined;
    this.#log.info({ seconds, queuedPoints }, 'InfluxDB takes points again');
  }

  refused(points: number, message: string): void {
    this.#refusedPoints += points;
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < REFUSALS_MS) return;
    this.#toldAtMs = nowMs;
    this.#log.warn(
      { error: message, points: this.#refusedPoints },
      'InfluxDB refused points; they are dropped',
    );
    this.#refusedPoints = 0;
  }

  ended(points: number): void {
    if (points > 0) this.#log.warn({ points }, 'the daemon ends before these points were written');
  }
}
