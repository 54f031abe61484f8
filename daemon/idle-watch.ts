import type { TickReport } from '../engine/loop/tick-report.ts';
import type { PortLoad } from '../engine/model/tick.ts';
import { LoadRise } from '../telemetry/load-rise.ts';

/** Ticks without anything to do after which the loop is idle: rates need some readings. */
const IDLE_AFTER_TICKS = 8;
/** The loop is idle again sooner after it woke for nothing. */
const TICKS_AFTER_WAKE = 4;

/** Decides when the loop is idle: no flow has an entry or could get one, and no traffic begins. */
export class IdleWatch {
  readonly #rise = new LoadRise();
  #ticks = 0;
  #isIdle = false;
  #isWaiting = false;

  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** True between the end of a tick and the next reading, while the loop is idle. */
  get isResting(): boolean {
    return this.#isIdle && this.#isWaiting;
  }

  /** Records that a reading begins. */
  beginReading(): void {
    this.#isWaiting = false;
  }

  /** Records the report of a tick. */
  endTick(report: TickReport): void {
    this.#ticks = hasNothingToDo(report) ? this.#ticks + 1 : 0;
    if (this.#ticks === IDLE_AFTER_TICKS) this.#rise.restart();
    this.#isIdle = this.#ticks >= IDLE_AFTER_TICKS;
    this.#isWaiting = true;
  }

  /** Takes the ports' loads. True if this ends the idle time: a candidate may have appeared. */
  wakes(loads: ReadonlyMap<string, PortLoad>): boolean {
    if (!this.#isIdle || !this.#rise.observe(loads)) return false;
    this.#isIdle = false;
    this.#ticks = TICKS_AFTER_WAKE;
    return true;
  }
}

/** True when no flow has an entry or could get one, so that only new traffic can change anything. */
function hasNothingToDo({ permission, plans }: TickReport): boolean {
  return (
    permission.may === 'move' &&
    plans.length > 0 &&
    plans.every(({ contenders, capacity }) => contenders === 0 && capacity.used === 0)
  );
}
