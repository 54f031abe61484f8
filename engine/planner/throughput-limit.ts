/** Which of a backend's flows a limit is about. */
export type LimitScope =
  /** All of them. */
  | { readonly kind: 'all' }
  /** Those that come in by, or go out of, the NIC port; without a port: any NIC port. */
  | { readonly kind: 'receive' | 'send'; readonly port?: string };

/** What a backend, or a port of it, gets through. */
export interface ThroughputLimit {
  readonly name: string;
  readonly scope: LimitScope;
  /** Infinity: any number. */
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number;
  /**
   * True: what is placed beyond it suffers, and must not be. False: it only brings less than flows
   * that are not limited by it, which go first.
   */
  readonly hard: boolean;
}
