import type { StatusView } from '../../api/status-view.ts';
import { see } from '../../doctor/gather/see.ts';
import type { RunningDaemon } from '../../doctor/model/facts.ts';
import type { Seen } from '../../doctor/model/seen.ts';
import { DaemonUnreachable } from '../client/client-errors.ts';
import type { CliContext } from '../support/context.ts';
import { clientFor, type ControlOptions } from '../support/control-options.ts';

/**
 * What a running daemon says about itself; undefined: no daemon answers.
 *
 * @param configured control socket in the configuration; options and the environment precede it
 */
export function daemonFacts(
  context: CliContext,
  options: ControlOptions,
  configured: string | undefined,
): Promise<Seen<RunningDaemon | undefined>> {
  const control = options.control ?? context.env.NORIKAE_CONTROL ?? configured;
  const at = control === undefined ? options : { ...options, control };
  return see('the daemon', async () => {
    try {
      return runningDaemon(await clientFor(context, at).status());
    } catch (error) {
      if (error instanceof DaemonUnreachable) return undefined;
      throw error;
    }
  });
}

function runningDaemon({ version, pid, backends }: StatusView): RunningDaemon {
  const unserved = backends.flatMap(({ unservedPorts }) =>
    unservedPorts.map(({ name, why }) => [name, why] as const),
  );
  return {
    version,
    pid,
    errors: backends.flatMap(({ name, error }) =>
      error === null ? [] : [`backend ${name}: ${error}`],
    ),
    unserved: new Map(unserved),
  };
}
