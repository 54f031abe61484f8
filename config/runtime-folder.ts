import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runtime folder of a daemon that runs as root. */
export const SYSTEM_RUNTIME_FOLDER = '/run/norikae';

/**
 * Runtime folder for sockets: systemd's (RuntimeDirectory=), otherwise /run/norikae for root, otherwise
 * a private folder of the user.
 */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.RUNTIME_DIRECTORY?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return SYSTEM_RUNTIME_FOLDER;
  const session = env.XDG_RUNTIME_DIR;
  if (session !== undefined && session !== '') return join(session, 'norikae');
  return join(tmpdir(), `norikae-${uid}`);
}

/** systemd's folder for state that outlives the service (StateDirectory=), if it gives one. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env.STATE_DIRECTORY?.split(':')[0];
  return given === '' ? undefined : given;
}
