/** No daemon answers on the control socket. */
export class DaemonUnreachable extends Error {
  override readonly name = 'DaemonUnreachable';
}

/** The control socket belongs to another user. */
export class ControlForbidden extends Error {
  override readonly name = 'ControlForbidden';
}

/** The daemon did not answer in time. */
export class ControlTimeout extends Error {
  override readonly name = 'ControlTimeout';
}

/** The daemon refused the request; the message is the daemon's. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}

/** The daemon sent a response that this command does not understand. */
export class ControlMismatch extends Error {
  override readonly name = 'ControlMismatch';
}

/** The error for a failed connection to `path`, with what to do about it. */
export function connectionError(path: string, error: NodeJS.ErrnoException): Error {
  const cause = { cause: error };
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new DaemonUnreachable(
      `no daemon answers on ${path}. Is it running? Start it with "norikae run --config FILE", ` +
        'or set its control socket with --control PATH',
      cause,
    );
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new ControlForbidden(
      `${path} belongs to another user, who runs the daemon; run this command as that user, ` +
        'with sudo if it is root',
      cause,
    );
  }
  return new DaemonUnreachable(`cannot talk to the daemon on ${path}: ${error.message}`, cause);
}
