/** A switch cannot be reached, or a listening socket cannot be opened. */
export class SwitchUnreachable extends Error {
  override readonly name = 'SwitchUnreachable';

  constructor(target: string, cause: Error) {
    super(`${target}: ${cause.message}; connecting is retried`, { cause });
  }
}

/** The target uses TLS, and its files cannot be used. */
export class TlsUnusable extends Error {
  override readonly name = 'TlsUnusable';
}

/** The two sides have no OpenFlow version in common. */
export class NoCommonVersion extends Error {
  override readonly name = 'NoCommonVersion';

  constructor(ours: readonly number[], peerVersions: string) {
    const names = ours.map((wire) => `1.${wire - 1}`).join(' and ');
    super(`no OpenFlow version in common: we support ${names}, the switch ${peerVersions}`);
  }
}

/** The connection to the switch has ended. */
export class SwitchDisconnected extends Error {
  override readonly name = 'SwitchDisconnected';

  constructor(switchName: string, why: string, options?: ErrorOptions) {
    super(`${switchName}: the connection has ended: ${why}`, options);
  }
}

/** The switch did not answer in time. */
export class SwitchTimeout extends Error {
  override readonly name = 'SwitchTimeout';

  constructor(switchName: string, what: string, timeoutMs: number) {
    super(`${switchName}: no answer to ${what} within ${timeoutMs} ms`);
  }
}

/** Too many requests are pending, or too many bytes are queued. */
export class SwitchBusy extends Error {
  override readonly name = 'SwitchBusy';

  constructor(switchName: string, what: string, limit: number) {
    super(
      `${switchName}: too many ${what} (limit ${limit}); the switch is too slow or does not read`,
    );
  }
}

/** The switch sent an unexpected message, or more than is allowed. */
export class SwitchProtocolError extends Error {
  override readonly name = 'SwitchProtocolError';

  constructor(switchName: string, problem: string, options?: ErrorOptions) {
    super(`${switchName}: ${problem}`, options);
  }
}

/** An error of a switch, as numbers and names. */
export interface ErrorIdentity {
  readonly errorType: number;
  readonly code: number;
  /** 0: the specification's numbers. */
  readonly experimenter: number;
  /** The specification's names, such as `flow-mod-failed` and `table-full`. */
  readonly typeName: string;
  readonly codeName: string;
}

/** The switch answered a request with an error. */
export class SwitchError extends Error {
  override readonly name = 'SwitchError';
  readonly identity: ErrorIdentity;

  constructor(identity: ErrorIdentity) {
    super(
      `the switch reports ${identity.typeName}/${identity.codeName} ` +
        `(type ${identity.errorType}, code ${identity.code})`,
    );
    this.identity = identity;
  }
}
