/** Errors of a daemon's control socket, one class per cause. */

/** The daemon is not running, or writes its pid file elsewhere. */
export class UnixctlNoPidFile extends Error {
  override readonly name = 'UnixctlNoPidFile';
  constructor(path: string, target: string) {
    super(`no pid file ${path}: is ${target} running, and is this its run directory?`);
  }
}

/** The process in the pid file does not listen: the daemon died, or is starting. */
export class UnixctlStalePid extends Error {
  override readonly name = 'UnixctlStalePid';
  constructor(pidFile: string, socket: string, detail: string) {
    super(
      `${pidFile} points to ${socket}, where no process listens (${detail}): the daemon has died`,
    );
  }
}

/** The pid file or the socket exists, but cannot be opened. */
export class UnixctlUnreadable extends Error {
  override readonly name = 'UnixctlUnreadable';
  constructor(path: string, detail: string) {
    super(`cannot open ${path} (${detail}): run as root, or as a member of the openvswitch group`);
  }
}

/** No complete reply within the time-out. The connection is closed. */
export class UnixctlTimeout extends Error {
  override readonly name = 'UnixctlTimeout';
  /** The time-out, ms. */
  readonly waitedMs: number;
  constructor(method: string, socket: string, timeoutMs: number) {
    super(`${method} on ${socket}: no complete reply within ${timeoutMs} ms`);
    this.waitedMs = timeoutMs;
  }
}

/** The connection ended in the middle of a request. */
export class UnixctlDisconnected extends Error {
  override readonly name = 'UnixctlDisconnected';
  constructor(method: string, socket: string, detail: string) {
    super(`${method} on ${socket}: the connection ended before the reply did (${detail})`);
  }
}

/** The reply is not a JSON-RPC reply to the request. */
export class UnixctlProtocolError extends Error {
  override readonly name = 'UnixctlProtocolError';
  constructor(method: string, socket: string, detail: string) {
    super(`${method} on ${socket}: not a JSON-RPC reply: ${detail}`);
  }
}

/** The daemon refused the command. */
export class UnixctlCommandError extends Error {
  override readonly name = 'UnixctlCommandError';
  constructor(method: string, socket: string, reply: string) {
    super(`${method} on ${socket} failed: ${reply.trim()}`);
  }
}

/** Too many requests are queued. */
export class UnixctlBusy extends Error {
  override readonly name = 'UnixctlBusy';
  constructor(method: string, waiting: number) {
    super(`${method}: ${waiting} requests are already queued for the control socket`);
  }
}
