import type { Engine } from '../engine/loop/engine.ts';
import type { TickReport } from '../engine/loop/tick-report.ts';
import type { Arrivals } from '../engine/model/tick.ts';
import type { Log } from '../platform/log.ts';
import type { MarkPhase } from '../platform/watchdog/phases.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { ArrivalsResult } from '../telemetry/ticks.ts';
import { errorMessage } from '../text/error-message.ts';
import type { EntryChecks } from './entry-checks.ts';
import type { IdleReadings } from './idle-readings.ts';

/** Options of {@link ArrivalRounds}. */
export interface ArrivalRoundsOptions {
  readonly engine: Pick<Engine, 'placeArrivals'>;
  readonly observer: Pick<Observer, 'observeArrivals'>;
  readonly checks: Pick<EntryChecks, 'beginArrivals' | 'endArrivals'>;
  readonly idle: Pick<IdleReadings, 'beginReading' | 'endArrivals' | 'wake'>;
  /** True while a backend does not have the last change of ports. */
  readonly isBehind: () => boolean;
  readonly log: Log;
  readonly mark: MarkPhase;
  /** Called with the failures of backends. */
  readonly onFailures: (failures: TickReport['failures']) => void;
  /** Called when flows got an entry. */
  readonly onPlaced: () => void;
}

/** Places new flows between two rounds of the loop: reads them alone and leaves all others as they are. */
export class ArrivalRounds {
  readonly #options: ArrivalRoundsOptions;

  constructor(options: ArrivalRoundsOptions) {
    this.#options = options;
  }

  /** Reads and places the new flows, once. Rejects only when aborted. */
  async run(signal: AbortSignal): Promise<ArrivalsResult> {
    const { checks, idle, observer, isBehind, mark, log } = this.#options;
    await checks.beginArrivals();
    try {
      signal.throwIfAborted();
      mark('reading flows and counters');
      idle.beginReading();
      const arrivals = await observer.observeArrivals(signal);
      // A backend that is behind may still use a port's name for another port.
      if (arrivals === undefined || isBehind()) return 'unread';
      return await this.#place(arrivals, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.error({ error: errorMessage(error) }, 'new flows could not be placed');
      return 'unread';
    } finally {
      idle.endArrivals();
      checks.endArrivals();
      mark('waiting');
    }
  }

  async #place(arrivals: Arrivals, signal: AbortSignal): Promise<ArrivalsResult> {
    const { engine, idle, onFailures, onPlaced } = this.#options;
    const { rows, table } = arrivals;
    const { isDecided, placed, failures } = await engine.placeArrivals(arrivals, signal);
    if (!isDecided) return 'unread';
    if (failures.length > 0) onFailures(failures);
    if (placed > 0) {
      idle.wake();
      onPlaced();
    }
    return rows.every((row) => table.traffic.rawPackets[row] > 0) ? 'known' : 'waiting';
  }
}
