import { createTask, parse, type ScheduledTask } from 'node-cron';

/** When something is so: from each start that the cron expression names, for a while. */
export interface ScheduleDefinition {
  /** `policy/schedule`, unique. */
  readonly name: string;
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** Five fields, or six with seconds, as node-cron takes them. */
  readonly cron: string;
  /** Name of an IANA time zone. */
  readonly timezone: string;
  readonly durationMs: number;
  /** It is active so long before each start already, ms. */
  readonly beforeMs: number;
  /** And so long after each end still, ms. */
  readonly afterMs: number;
}

const MINUTE_MS = 60_000;
/** Time zones' offsets are multiples of this. */
const QUARTER_MINUTES = 15;

/**
 * Tells at which times a schedule is active. The answer depends on the time alone; it is
 * remembered until it may change, because looking for a start costs up to some milliseconds.
 */
export class ScheduleClock {
  readonly schedule: ScheduleDefinition;
  readonly #task: ScheduledTask;
  readonly #seconds: readonly number[];
  readonly #quarterMinutes: ReadonlySet<number>;
  /** Looked through: no start that is not known of lies in it. */
  #fromMs = 0;
  #toMs = Number.NEGATIVE_INFINITY;
  /** The last start in there. */
  #startMs = Number.NEGATIVE_INFINITY;

  /** @throws {Error} when node-cron does not take the expression or there is no such time zone */
  constructor(schedule: ScheduleDefinition) {
    this.schedule = schedule;
    const fields = parse(schedule.cron);
    this.#seconds = fields.second.toSorted((a, b) => b - a);
    this.#quarterMinutes = new Set(fields.minute.map((m) => m % QUARTER_MINUTES));
    this.#task = createTask(schedule.cron, () => undefined, { timezone: schedule.timezone });
    // It is never started: only asked which times match. Ended, node-cron forgets it.
    void this.#task.destroy();
  }

  /** Whether the schedule is active at `wallMs`, ms since 1970-01-01 UTC. */
  activeAt(wallMs: number): boolean {
    const { durationMs, beforeMs, afterMs } = this.schedule;
    const toMs = wallMs + beforeMs;
    const fromMs = wallMs - durationMs - afterMs;
    this.#look(fromMs, toMs);
    return this.#startMs > fromMs && this.#startMs <= toMs;
  }

  /** Finds the last start after `fromMs` up to `toMs`. */
  #look(fromMs: number, toMs: number): void {
    const goesOn = toMs >= this.#toMs && fromMs >= this.#fromMs;
    const unseenMs = goesOn ? Math.max(fromMs, this.#toMs) : fromMs;
    const found = this.#lastStart(unseenMs, toMs);
    if (!goesOn || found !== undefined) this.#startMs = found ?? Number.NEGATIVE_INFINITY;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** From the newest minute back. */
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
