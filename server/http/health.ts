import type { StatusView } from '../../api/status-view.ts';

/** A verdict and, where it is no, the causes in words. */
export interface Health {
  readonly ok: boolean;
  readonly causes: readonly string[];
}

/** The loop may take so long for its first tick, ms. */
const FIRST_TICK_MS = 30_000;
/** A loop without a tick for so long, and for five periods, hangs, ms. */
const HUNG_MS = 5_000;

/** Whether the loop goes round; stale ticks count: a vSwitch that is gone is no reason to die. */
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
 * Whether all is there to place flows with: fresh sources, started backends, policies in force. A
 * daemon that an operator holds (onload-all) does what it was asked, and is ready.
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
