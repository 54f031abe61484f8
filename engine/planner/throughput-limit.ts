/** Flows of a backend to which a limit applies. */
export type LimitScope =
  /** All flows. */
  | { readonly kind: 'all' }
  /** Flows that enter or leave by the NIC port; without `port`: by any NIC port. */
  | { readonly kind: 'receive' | 'send'; readonly port?: string };

/** Throughput limit of a backend or of one of its ports. */
export interface ThroughputLimit {
  readonly name: string;
  readonly scope: LimitScope;
  /** Infinity: unlimited. */
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number;
  /**
   * True: no flow may be placed beyond it, because the backend cannot process more. False: flows
   * beyond it only bring less, so that flows that it does not limit go first.
   */
  readonly hard: boolean;
}
