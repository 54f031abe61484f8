import { defer, type Observable, repeat, switchMap, timer } from 'rxjs';
import type { Engine } from '../engine/loop/engine.ts';
import type { Sample } from '../engine/loop/sampler.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { Log } from '../platform/log.ts';
import { abortable } from '../telemetry/abortable.ts';
import { errorMessage } from '../text/error-message.ts';

/** Maximum share of vswitchd's time that samples may take. */
const MAX_SOURCE_SHARE = 0.01;

/** Options of {@link samples}. */
export interface SamplingOptions {
  readonly engine: Pick<Engine, 'sample'>;
  readonly table: () => FlowTable;
  /** Minimum time between two samples, ms. */
  readonly periodMs: number;
  readonly log: Log;
}

/**
 * Compares installed entries, one at a time, with what the vSwitch would do with its flow, until
 * it is unsubscribed. Slows down when the vSwitch needs long for an answer.
 */
export function samples({ engine, table, periodMs, log }: SamplingOptions): Observable<void> {
  let pauseMs = periodMs;
  let failing = false;
  const round = defer(() =>
    abortable(async (signal) => {
      try {
        const sample = await engine.sample(table(), signal);
        pauseMs = Math.max(periodMs, (sample?.sourceMs ?? 0) / MAX_SOURCE_SHARE);
        if (sample === undefined) return;
        const failed = sample.result === 'failed';
        if (failed && !failing) log.warn({ error: sample.detail }, 'a sample was not answered');
        failing = failed;
        report(sample, log);
      } catch (error) {
        if (signal.aborted) throw error;
        // The next audit or sample finds the entry.
        log.error({ error: errorMessage(error) }, 'a wrong entry could not be removed');
      }
    }),
  );
  return timer(periodMs).pipe(switchMap(() => round.pipe(repeat({ delay: () => timer(pauseMs) }))));
}

function report({ id, result, detail }: Sample, log: Log): void {
  const flow = formatFlowId(id);
  if (result === 'different') {
    log.error({ flow, detail }, 'removed an entry: the vSwitch would do something else');
  } else if (result === 'suspected') {
    log.info({ flow, detail }, 'an entry differs from the vSwitch; a second look follows');
  }
}
