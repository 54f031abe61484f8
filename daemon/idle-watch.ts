import type { PlanNumbers, TickReport } from '../engine/loop/tick-report.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { reasonIndex } from '../engine/model/reason.ts';
import type { PortLoad, Tick } from '../engine/model/tick.ts';
import { TokenBucket } from '../engine/planner/token-bucket.ts';
import { LoadRise } from '../telemetry/load-rise.ts';
import { QUIET_SHARE } from '../telemetry/period.ts';

/** Ticks without anything to do after which the loop is idle: rates need some readings. */
const IDLE_AFTER_TICKS = 8;
/** Of these ticks, those that count as passed when the loop wakes, so that a false alarm is short. */
const TICKS_AFTER_WAKE = 4;
/** Readings from a wake to the next idle time, if there is nothing to do. */
const WAKE_READINGS = IDLE_AFTER_TICKS - TICKS_AFTER_WAKE;
/** The usual value is the highest load of the last minutes; a load that grows slowly exceeds it, too. */
const LONG_MEMORY = { decay: 0.9995, rise: 0.02 };
/** Time of the source for readings after wakes for ordinary rises, ms: per second, and at once. */
const WAKE_BUDGET = { perSecond: 1_000 * QUIET_SHARE, burst: 500 };
/**
 * Time for readings after wakes for new flows, ms: per second, and at once. The source that reports new
 * flows costs ovs-vswitchd nothing, so this limits what the daemon itself takes.
 */
const ARRIVAL_BUDGET = { perSecond: 10, burst: 500 };
/** Readings that follow a new flow: in quick succession, then at the usual period. */
const ARRIVAL_READINGS = 5 + WAKE_READINGS;
/** A reading counts as at least this long, ms: what follows it takes time as well. */
const MIN_READING_MS = 2;
/** Entries on a closed port may soon be worth its cost when they save this part of it. */
const CLOSE_TO_WORTH = 0.5;

const REFUSED = reasonIndex('refused');
const MIN_HOLD = reasonIndex('min-hold');

/** The part of a tick report that shows whether there is anything to do. */
export type IdleReport = Pick<TickReport, 'permission' | 'plans' | 'held' | 'endedAtMs'> & {
  readonly tick: Pick<Tick, 'fresh' | 'table'>;
};

/**
 * Decides when the loop is idle, and since when it has been quiet: no flow has an entry or could get
 * one, and no traffic begins.
 *
 * A load above all that the port has received in the last minutes always ends the idle time. One that
 * is only higher than a moment ago, as in each burst, does so within a budget, and so does a change
 * of rules: each costs the vSwitch some readings.
 */
export class IdleWatch {
  readonly #rise = new LoadRise();
  readonly #record = new LoadRise(LONG_MEMORY);
  readonly #budget = new TokenBucket(WAKE_BUDGET);
  readonly #arrivalBudget = new TokenBucket(ARRIVAL_BUDGET);
  #ticks = 0;
  /** True after ticks that had something to do: the loads before them are not comparable. */
  #wasBusy = true;
  #quietSinceMs: number | undefined;
  #isWaiting = false;

  get isIdle(): boolean {
    return this.#quietSinceMs !== undefined;
  }

  /** True between the end of a tick and the next reading, while the loop is idle. */
  get isResting(): boolean {
    return this.isIdle && this.#isWaiting;
  }

  /** Time for which the loop has been idle and quiet, ms; undefined: it is not idle. */
  quietMs(nowMs: number): number | undefined {
    return this.#quietSinceMs === undefined ? undefined : nowMs - this.#quietSinceMs;
  }

  /** Records that a reading begins. */
  beginReading(): void {
    this.#isWaiting = false;
  }

  /** Records that a reading of new flows alone has been handled. */
  endArrivals(): void {
    this.#isWaiting = true;
  }

  /**
   * Records the report of a tick.
   *
   * @param entries entries that the backends have now
   */
  endTick(report: IdleReport, entries: number): void {
    this.#isWaiting = true;
    if (!hasNothingToDo(report, entries)) {
      this.#quietSinceMs = undefined;
      this.#ticks = 0;
      this.#wasBusy = true;
      return;
    }
    this.#ticks++;
    if (this.#ticks < IDLE_AFTER_TICKS) return;
    if (!this.isIdle) this.#beginIdle();
    if (!this.isIdle || isCloseToWanted(report)) this.#quietSinceMs = report.endedAtMs;
  }

  /**
   * Observes the ports' loads. Returns true if they end the idle time: a candidate may have appeared.
   *
   * @param readingMs time that a reading takes from the source
   */
  wakesForLoads(loads: ReadonlyMap<string, PortLoad>, nowMs: number, readingMs: number): boolean {
    if (!this.isIdle) return false;
    const isRise = this.#rise.observe(loads);
    const isRecord = this.#record.observe(loads);
    if (!isRecord && !(isRise && this.#hasBudget(nowMs, readingMs))) return false;
    this.#wake(TICKS_AFTER_WAKE);
    return true;
  }

  /** Records a change of the vSwitch's rules. True if this ends the idle time. */
  wakesForRules(nowMs: number, readingMs: number): boolean {
    if (!this.isIdle || !this.#hasBudget(nowMs, readingMs)) return false;
    this.#wake(TICKS_AFTER_WAKE);
    return true;
  }

  /** Records that a flow has appeared. True if this ends the idle time. */
  wakesForNewFlow(nowMs: number, readingMs: number): boolean {
    const costMs = ARRIVAL_READINGS * Math.max(MIN_READING_MS, readingMs);
    if (!this.isIdle || !isPaid(this.#arrivalBudget, costMs, nowMs, ARRIVAL_BUDGET.burst))
      return false;
    this.#wake(TICKS_AFTER_WAKE);
    return true;
  }

  /** Ends the idle time: what is wanted, or may be placed, has changed. */
  wake(): void {
    this.#wake(0);
  }

  #beginIdle(): void {
    this.#rise.restart();
    if (this.#wasBusy) this.#record.restart();
    this.#wasBusy = false;
  }

  #wake(ticks: number): void {
    this.#quietSinceMs = undefined;
    this.#ticks = ticks;
  }

  #hasBudget(nowMs: number, readingMs: number): boolean {
    return isPaid(this.#budget, WAKE_READINGS * readingMs, nowMs, WAKE_BUDGET.burst);
  }
}

/** Takes the cost of a wake from a budget; false if there is not enough left. */
function isPaid(budget: TokenBucket, costMs: number, nowMs: number, burst: number): boolean {
  // The bucket holds no more than its burst, which one wake may exceed.
  const payMs = Math.min(costMs, burst);
  if (budget.available(nowMs) < payMs) return false;
  budget.spend(payMs);
  return true;
}

/** True when no flow has an entry or could get one, so that only a change can lead to one. */
function hasNothingToDo({ permission, plans, held, tick }: IdleReport, entries: number): boolean {
  if (entries > 0) return false;
  if (held) return tick.fresh;
  return (
    permission.may === 'move' &&
    plans.length > 0 &&
    plans.every(({ contenders }) => contenders === 0)
  );
}

/** True when a flow could soon get an entry without sending more. */
function isCloseToWanted({ plans, held, tick }: IdleReport): boolean {
  return !held && (plans.some(hasPortCloseToWorth) || hasDelayedFlow(tick.table));
}

function hasPortCloseToWorth({ inputs }: PlanNumbers): boolean {
  return inputs.some(
    ({ isWorth, saves, costs }) => !isWorth && saves > 0 && saves >= CLOSE_TO_WORTH * costs,
  );
}

/** True when a flow only has to wait: for the retry after a refusal, or for the minimum hold time. */
function hasDelayedFlow({ rows, count, decision }: FlowTable): boolean {
  for (let i = 0; i < count; i++) {
    const reason = decision.reason[rows[i]];
    if (reason === REFUSED || reason === MIN_HOLD) return true;
  }
  return false;
}
