import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folder of the system's own daemon. */
export const SYSTEM_RUNTIME_FOLDER = '/run/norikae';

/**
 * Folder for sockets while the daemon runs: what systemd gave (RuntimeDirectory=), else
 * /run/norikae for root, else a folder of the user's own.
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
