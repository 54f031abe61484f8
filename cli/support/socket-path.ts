import { statSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFolder, SYSTEM_RUNTIME_FOLDER } from '../../config/runtime-folder.ts';
import { errorCode } from '../../text/error-message.ts';

/** The control socket of an option, the environment, or a default location. */
export function socketPath(env: NodeJS.ProcessEnv, given: string | undefined): string {
  const named = given ?? env.NORIKAE_CONTROL;
  if (named !== undefined && named !== '') return named;
  return defaultSocket(runtimeFolder(env), SYSTEM_RUNTIME_FOLDER);
}

/**
 * The control socket in the user's runtime folder, or else in that of a daemon of root.
 *
 * A daemon of root hides its socket from other users. For them this is that socket if there is no
 * other: the attempt to open it says so, instead of "no daemon answers".
 */
export function defaultSocket(own: string, system: string): string {
  const defaults = [
    join(own, 'control.sock'),
    join(system, 'control.sock'),
    join(own, 'emulated.sock'),
  ] as const;
  const states = defaults.map(stateOf);
  const isThere = defaults.find((_, i) => states[i] === 'there');
  return isThere ?? defaults.find((_, i) => states[i] === 'hidden') ?? defaults[0];
}

/** `hidden`: this user may not look into the folder. */
function stateOf(path: string): 'there' | 'absent' | 'hidden' {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? 'absent' : 'there';
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'hidden' : 'absent';
  }
}
