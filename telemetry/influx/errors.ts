/** Kind of a failed request to InfluxDB. */
export type FailureKind = 'unreachable' | 'timeout' | 'unauthorized' | 'missing' | 'busy';

/** InfluxDB cannot be reached or does not accept points now; the same points may be sent again. */
export class InfluxUnavailable extends Error {
  override readonly name = 'InfluxUnavailable';
  /**
   * `unauthorized`: invalid credentials; `missing`: no such database or bucket; `busy`: any other
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

/** InfluxDB rejects these points; sending them again does not help. */
export class InfluxRefused extends Error {
  override readonly name = 'InfluxRefused';
  /** Number of points that a partial write dropped; undefined: none was written. */
  readonly dropped: number | undefined;

  constructor(message: string, dropped: number | undefined) {
    super(message);
    this.dropped = dropped;
  }
}

/** InfluxDB rejected a statement that creates a database or a retention policy. */
export class InfluxStatementFailed extends Error {
  override readonly name = 'InfluxStatementFailed';
}
