/** Why a session ended, as one word, for metrics. */
export type EndReason =
  /** The transport ended. */
  | 'disconnected'
  /** The guest did not reply in time, or does not read. */
  | 'no-reply'
  /** The guest sent what the protocol does not allow. */
  | 'violation'
  /** Another run of the agent has begun. */
  | 'restarted'
  /** The two sides have no version in common. */
  | 'version'
  /** This side closed it. */
  | 'closed';

/** All of them but `closed`. */
export const FAILURE_REASONS: readonly EndReason[] = [
  'disconnected',
  'no-reply',
  'violation',
  'restarted',
  'version',
];

/** The session with a guest has ended; what was requested may have taken effect. */
export class GuestSessionEnded extends Error {
  override readonly name = 'GuestSessionEnded';
  readonly guest: string;
  readonly reason: EndReason;

  constructor(guest: string, reason: EndReason, detail: string) {
    super(`guest ${guest}: the connection ended: ${detail}`);
    this.guest = guest;
    this.reason = reason;
  }
}

/** Too many requests wait for replies of the guest; the request was not sent. */
export class GuestBusy extends Error {
  override readonly name = 'GuestBusy';

  constructor(guest: string, pending: number) {
    super(`guest ${guest}: ${pending} requests wait for replies; try again later`);
  }
}

/** The guest could not carry out a request. */
export class GuestRefused extends Error {
  override readonly name = 'GuestRefused';

  constructor(guest: string, request: string, why: string) {
    super(`guest ${guest}: ${request}: ${why}`);
  }
}
