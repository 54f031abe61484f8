import { createTask, parse, type ScheduledTask } from 'node-cron';

/** A schedule: it is active from each start of the cron expression, for its duration. */
export interface ScheduleDefinition {
  /** `policy/schedule`, unique. */
  readonly name: string;
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** Expression of node-cron: five fields, or six with seconds. */
  readonly cron: string;
  /** Name of an IANA time zone. */
  readonly timezone: string;
  readonly durationMs: number;
  /** Extension before each start, ms. */
  readonly beforeMs: number;
  /** Extension after each end, ms. */
  readonly afterMs: number;
}

const MINUTE_MS = 60_000;
/** Offsets of time zones are multiples of this. */
const QUARTER_MINUTES = 15;

/**
 * Computes whether a schedule is active at a time. The result depends only on the time. The last
 * start is cached, because searching for a start can take some milliseconds.
 */
export class ScheduleClock {
  readonly schedule: ScheduleDefinition;
  readonly #task: ScheduledTask;
  readonly #seconds: readonly number[];
  readonly #quarterMinutes: ReadonlySet<number>;
  /** Interval that has been searched for starts, ms. */
  #fromMs = 0;
  #toMs = Number.NEGATIVE_INFINITY;
  /** Last start in the searched interval, ms. */
  #startMs = Number.NEGATIVE_INFINITY;

  /** @throws {Error} if node-cron refuses the expression or the time zone is unknown */
  constructor(schedule: ScheduleDefinition) {
    this.schedule = schedule;
    const fields = parse(schedule.cron);
    this.#seconds = fields.second.toSorted((a, b) => b - a);
    this.#quarterMinutes = new Set(fields.minute.map((m) => m % QUARTER_MINUTES));
    this.#task = createTask(schedule.cron, () => undefined, { timezone: schedule.timezone });
    // The task only matches times and never runs; destroying it removes it from node-cron.
    void this.#task.destroy();
  }

  /** Whether the schedule is active at `wallMs`, ms since 1970-01-01 UTC. */
  activeAt(wallMs: number): boolean {
    const { durationMs, beforeMs, afterMs } = this.schedule;
    const toMs = wallMs + beforeMs;
    const fromMs = wallMs - durationMs - afterMs;
    this.#search(fromMs, toMs);
    return this.#startMs > fromMs && this.#startMs <= toMs;
  }

  /** Finds the last start after `fromMs` up to `toMs`. */
  #search(fromMs: number, toMs: number): void {
    const continues = toMs >= this.#toMs && fromMs >= this.#fromMs;
    const searchFromMs = continues ? Math.max(fromMs, this.#toMs) : fromMs;
    const found = this.#lastStart(searchFromMs, toMs);
    if (!continues || found !== undefined) this.#startMs = found ?? Number.NEGATIVE_INFINITY;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** Searches backwards by minutes. */
  #lastStart(afterMs: number, toMs: number): number | undefined {
    let minute = Math.floor(toMs / MINUTE_MS);
    for (; (minute + 1) * MINUTE_MS > afterMs; minute--) {
      if (!this.#quarterMinutes.has(minute % QUARTER_MINUTES)) continue;
      for (const second of this.#seconds) {
        const startMs = minute * MINUTE_MS + second * 1000;
        if (startMs <= toMs && startMs > afterMs && this.#task.match(new Date(startMs))) {
          return startMs;
        }
      }
    }
    return undefined;
  }
}
