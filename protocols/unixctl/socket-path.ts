import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnixctlNoPidFile, UnixctlUnreadable } from './errors.ts';
import { errorCode } from '../../text/error-message.ts';

/** Where a daemon's pid file and control socket are. */
export interface ControlSocket {
  readonly pidFile: string;
  readonly socket: string;
}

/**
 * Finds a daemon's control socket as ovs-appctl does: `<target>.<pid>.ctl` beside `<target>.pid`
 * (ovs-appctl(8), section "Running Daemons"). The pid file is read each time, since the pid changes
 * when the daemon restarts.
 *
 * @throws UnixctlNoPidFile, UnixctlUnreadable
 */
export async function findControlSocket(runDir: string, target: string): Promise<ControlSocket> {
  const pidFile = join(runDir, `${target}.pid`);
  const text = await readFile(pidFile, 'latin1').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') throw new UnixctlNoPidFile(pidFile, target);
    throw new UnixctlUnreadable(pidFile, String(errorCode(error) ?? error));
  });
  const pid = /^\s*(\d+)\s*$/.exec(text)?.[1];
  if (pid === undefined) throw new UnixctlUnreadable(pidFile, 'it contains no process id');
  return { pidFile, socket: join(runDir, `${target}.${pid}.ctl`) };
}
