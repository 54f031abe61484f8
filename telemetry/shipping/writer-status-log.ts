/** Log of a writer; a pino logger implements it. */
export interface WriterLog {
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** What a writer writes, and where, in log lines. */
export interface WriterNames {
  /** Such as `InfluxDB`. */
  readonly server: string;
  /** Such as `points`. */
  readonly items: string;
}

/** Minimum time between two log lines about refused lines, ms. */
const REFUSAL_LOG_PERIOD_MS = 60_000;

/** Logs the start and the end of an outage, and refusals at a limited rate. */
export class WriterStatusLog {
  readonly #log: WriterLog;
  readonly #names: WriterNames;
  #failingSinceMs: number | undefined;
  #kind: string | undefined;
  #refusedLines = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: WriterLog, names: WriterNames) {
    this.#log = log;
    this.#names = names;
  }

  failed(kind: string, message: string, queued: number): void {
    const { server, items } = this.#names;
    const changed = this.#kind !== kind;
    this.#failingSinceMs ??= performance.now();
    this.#kind = kind;
    if (changed) {
      this.#log.warn(
        { error: message, queued },
        `${server} does not accept ${items}; the queue keeps them`,
      );
    }
  }

  answered(queued: number): void {
    if (this.#failingSinceMs === undefined) return;
    const seconds = Math.round((performance.now() - this.#failingSinceMs) / 1000);
    this.#failingSinceMs = undefined;
    this.#kind = undefined;
    const { server, items } = this.#names;
    this.#log.info({ seconds, queued }, `${server} accepts ${items} again`);
  }

  refused(lines: number, message: string): void {
    this.#refusedLines += lines;
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < REFUSAL_LOG_PERIOD_MS) return;
    this.#loggedAtMs = nowMs;
    const { server, items } = this.#names;
    this.#log.warn(
      { error: message, [items]: this.#refusedLines },
      `${server} refused ${items}; they are dropped`,
    );
    this.#refusedLines = 0;
  }

  ended(lines: number): void {
    if (lines === 0) return;
    const { items } = this.#names;
    this.#log.warn({ [items]: lines }, `${items} were not written before the daemon ended`);
  }
}
