import { lstatSync, mkdirSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { errorMessage } from '../../text/error-message.ts';

/** Another process answers on the control socket: a daemon is already running. */
export class ControlSocketInUse extends Error {
  override readonly name = 'ControlSocketInUse';
}

/** The control socket cannot be created at the configured path. */
export class ControlSocketUnusable extends Error {
  override readonly name = 'ControlSocketUnusable';
}

/** Maximum length of a unix socket path, bytes (sun_path of unix(7) without the final NUL). */
const MAX_PATH_BYTES = 107;

/**
 * Listens on a unix socket that has mode 0600 from its creation. Removes a stale socket that no
 * process answers on, and creates a missing folder with mode 0700.
 *
 * @throws ControlSocketInUse, ControlSocketUnusable
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new ControlSocketUnusable(
      `${path} is longer than the ${MAX_PATH_BYTES} bytes of a unix socket path; set a shorter "control.path"`,
    );
  }
  prepareFolder(dirname(path));
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(unusable(path, error));
    };
    server.once('error', failed);
    // listen() binds the socket, which creates the file, before it returns.
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(folder, error);
  }
  const stats = lstatSync(folder);
  const isOwned = stats.uid === process.getuid?.() || stats.uid === 0;
  // A folder like /tmp is writable for others, but its sticky bit protects files of other users.
  const isSafe = (stats.mode & 0o022) === 0 || (stats.mode & 0o1000) !== 0;
  if (!stats.isDirectory() || !isOwned || !isSafe) {
    throw new ControlSocketUnusable(
      `${folder} must be a folder that only this user or root can change; set another "control.path"`,
    );
  }
}

async function removeStale(path: string): Promise<void> {
  const stats = statsOf(path);
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new ControlSocketUnusable(
      `${path} exists and is not a socket; remove it or set another "control.path"`,
    );
  }
  if (await answers(path)) {
    throw new ControlSocketInUse(
      `a daemon already answers on ${path}; stop it, or set another "control.path"`,
    );
  }
  // Another daemon may have replaced the socket in the meantime.
  if (statsOf(path)?.ino === stats.ino) rmSync(path, { force: true });
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** False only when the kernel reports that no process listens; true when in doubt. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function unusable(path: string, error: unknown): Error {
  const why = errorMessage(error);
  return new ControlSocketUnusable(`cannot create ${path}: ${why}; set another "control.path"`, {
    cause: error,
  });
}
