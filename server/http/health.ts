import type { StatusView } from '../../api/status-view.ts';

/** The result of a health check and, if it failed, the causes. */
export interface Health {
  readonly ok: boolean;
  readonly causes: readonly string[];
}

/** Maximum time until the first tick, ms. */
const FIRST_TICK_MS = 30_000;
/** A loop hangs when it has had no tick for this time and for five periods, ms. */
const HUNG_MS = 5_000;

/** Whether the loop runs. Stale ticks count: a restart would not bring the vSwitch back. */
export function liveness(status: StatusView): Health {
  const { ageMs, periodMs } = status.tick;
  const bound = Math.max(HUNG_MS, 5 * periodMs);
  if (ageMs === null) {
    const late = status.uptimeMs > FIRST_TICK_MS;
    return health(late ? [`no tick in ${Math.round(status.uptimeMs)} ms since the start`] : []);
  }
  return health(ageMs > bound ? [`the last tick is ${Math.round(ageMs)} ms old`] : []);
}

/**
 * Whether the daemon can place flows: sources are fresh, backends are started, policies are in
 * force. A daemon on hold (onload-all) is ready.
 */
export function readiness(status: StatusView): Health {
  const causes = [...liveness(status).causes];
  if (status.tick.sequence === 0) causes.push('no tick yet');
  else if (!status.tick.fresh) {
    const stale = status.sources.filter((source) => !source.fresh);
    for (const source of stale) {
      causes.push(`source ${source.name} is stale: ${source.error ?? 'no reading yet'}`);
    }
    if (stale.length === 0) causes.push('the last tick is stale');
  }
  const { backends, policies } = status;
  for (const { name, started, error } of backends) {
    if (!started) causes.push(`backend ${name} is not started: ${error ?? 'no attempt yet'}`);
  }
  if (policies.rules === 0) causes.push('no rule is in force');
  return health(causes);
}

function health(causes: readonly string[]): Health {
  return { ok: causes.length === 0, causes };
}
