/** A port as the switch describes it. */
export interface PortDescription {
  readonly portNo: number;
  /** 6 bytes. */
  readonly hwAddr: Uint8Array;
  readonly name: string;
  /** Bits: 1 down, and others of the version (1.3.5, section 7.2.1). */
  readonly config: number;
  /** Bits: 1 link down, and others of the version. */
  readonly state: number;
  /** Bit sets of link speeds and kinds; they differ between the versions. */
  readonly current: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  /** kbit/s; 0 in 1.0. */
  readonly currentSpeed: number;
  readonly maxSpeed: number;
}

/** A port came, went or changed. */
export interface PortStatus {
  readonly type: 'port-status';
  readonly xid: number;
  /** PortReason. */
  readonly reason: number;
  readonly port: PortDescription;
}

/** Changes a port's configuration bits that `mask` has set. */
export interface PortMod {
  readonly type: 'port-mod';
  readonly xid: number;
  readonly portNo: number;
  readonly hwAddr: Uint8Array;
  readonly config: number;
  readonly mask: number;
  /** Link kinds to advertise; 0 leaves them. */
  readonly advertise: number;
}
