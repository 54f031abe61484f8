/** Kind of a failed request to a server. */
export type FailureKind = 'unreachable' | 'timeout' | 'unauthorized' | 'missing' | 'busy';

/** The server cannot be reached or does not accept lines now; the same lines may be sent again. */
export class SinkUnavailable extends Error {
  override readonly name = 'SinkUnavailable';
  /**
   * `unauthorized`: invalid credentials; `missing`: no such resource on the server; `busy`: any other
   * answer that rejects the request for now, such as a status from 500 on.
   */
  readonly kind: FailureKind;
  /** Wait that the server requested, ms; undefined if it requested none. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server rejects these lines; sending them again does not help. */
export class SinkRefused extends Error {
  override readonly name = 'SinkRefused';
  /** Number of lines that a partial write dropped; undefined: none was written. */
  readonly dropped: number | undefined;

  constructor(message: string, dropped: number | undefined) {
    super(message);
    this.dropped = dropped;
  }
}
