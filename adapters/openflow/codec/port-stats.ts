/** Asks for the counters of one port, or of all with Port.any. */
export interface PortStatsRequest {
  readonly kind: 'port-stats';
  readonly portNo: number;
}

/** Counters of one port; all ones where the switch does not count. */
export interface PortStats {
  readonly portNo: number;
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly rxFrameErrors: bigint;
  readonly rxOverErrors: bigint;
  readonly rxCrcErrors: bigint;
  readonly collisions: bigint;
  /** Time the port has been there; 0 in 1.0. */
  readonly durationSec: number;
  readonly durationNsec: number;
}

export interface PortStatsReply {
  readonly kind: 'port-stats';
  readonly ports: readonly PortStats[];
}
