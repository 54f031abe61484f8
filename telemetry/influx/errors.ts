/** Why a request to InfluxDB failed, in one word each. */
export type FailureKind = 'unreachable' | 'timeout' | 'unauthorized' | 'missing' | 'busy';

/** InfluxDB cannot be reached, or takes nothing now: the same points may be sent again. */
export class InfluxUnavailable extends Error {
  override readonly name = 'InfluxUnavailable';
  /**
   * `unauthorized`: user, password or token; `missing`: no such database or bucket; `busy`: it
   * answers that it cannot, as with any status from 500 on.
   */
  readonly kind: FailureKind;
  /** How long the server asked us to wait, ms; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** InfluxDB will not take these points, however often they are sent. */
export class InfluxRefused extends Error {
  override readonly name = 'InfluxRefused';
  /** Points it dropped while it wrote the others; undefined: it wrote none. */
  readonly dropped: number | undefined;

  constructor(message: string, dropped: number | undefined) {
    super(message);
    this.dropped = dropped;
  }
}

/** A statement (a database, a retention policy) was understood and not carried out. */
export class InfluxStatementFailed extends Error {
  override readonly name = 'InfluxStatementFailed';
}
