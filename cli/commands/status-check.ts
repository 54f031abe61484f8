import type { StatusView } from '../../api/status-view.ts';
import { HELD, olderPolicies } from '../../api/status-words.ts';
import { liveness, readiness } from '../../server/http/health.ts';
import { counted } from '../../text/format.ts';
import { errorMessage } from '../../text/error-message.ts';
import type { ControlClient } from '../client/client.ts';

/** Result of `norikae status --check`, with the exit codes of monitoring plugins. */
export interface StatusCheck {
  readonly state: 'ok' | 'degraded' | 'critical';
  readonly code: 0 | 1 | 2;
  /** What is wrong; empty when all is well. */
  readonly causes: readonly string[];
  /** The state and its causes in one line. */
  readonly text: string;
}

const CODES = { ok: 0, degraded: 1, critical: 2 } as const;

/** Checks a daemon. A daemon that does not answer is critical; never rejects. */
export async function checkDaemon(client: ControlClient): Promise<StatusCheck> {
  try {
    return checkStatus(await client.status());
  } catch (error) {
    return result('critical', [errorMessage(error)]);
  }
}

/**
 * Critical: the loop does not run. Degraded: it runs, and something keeps it from placing flows as
 * configured.
 */
function checkStatus(status: StatusView): StatusCheck {
  const live = liveness(status);
  if (!live.ok) return result('critical', live.causes);
  const { flows, held, backends, policies } = status;
  const causes = [...readiness(status).causes];
  for (const { name, started, error } of backends) {
    if (started && error !== null) causes.push(`backend ${name} fails: ${error}`);
  }
  if (held) causes.push(`held: ${HELD}`);
  if (policies.problems.length > 0) causes.push(olderPolicies(policies.problems[0]));
  if (causes.length > 0) return result('degraded', causes);
  const placed = flows.offload + flows['fast-path'];
  return result('ok', [], `${counted(placed + flows.onload, 'flow')}, ${placed} off the vSwitch`);
}

function result(
  state: StatusCheck['state'],
  causes: readonly string[],
  text = causes.join('; '),
): StatusCheck {
  const line = `${state.toUpperCase()}: ${text}`.replaceAll(/\s+/g, ' ');
  return { state, code: CODES[state], causes, text: line };
}
