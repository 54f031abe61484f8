/** Kinds of packets that receive filters distinguish, as `ethtool -N` names them. */
export const FLOW_KINDS = ['tcp4', 'udp4', 'sctp4', 'tcp6', 'udp6', 'sctp6', 'ether'] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/**
 * Which packets a receive filter takes. A field that is given must be equal; the others are
 * wildcards. Addresses are hexadecimal digits in network byte order: `0a090001` is 10.9.0.1.
 */
export interface ReceiveKey {
  readonly kind: FlowKind;
  /** IP addresses: 8 digits, or 32 for the kinds of IPv6. */
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** MAC addresses: 12 digits. The source only for `ether`. */
  readonly sourceMac?: string;
  readonly destinationMac?: string;
  /** Only for `ether`. */
  readonly etherType?: number;
  /** VLAN id, 0 to 4095. Left out: the device decides whether tagged packets match. */
  readonly vlan?: number;
}

/** Where a receive filter sends packets. */
export interface ReceiveTarget {
  /** Number of the virtual function, from 0; left out: the physical function itself. */
  readonly vf?: number;
  /** Queue of the function. */
  readonly queue: number;
}

/** A receive filter of a NIC. */
export interface ReceiveFilter {
  readonly key: ReceiveKey;
  readonly target: ReceiveTarget;
}

/** A filter with its place in the device's table. */
export interface PlacedFilter {
  readonly location: number;
  /** Undefined for filters that {@link ReceiveFilter} cannot express: partial masks, other kinds. */
  readonly filter: ReceiveFilter | undefined;
}

/** A text that is equal for equal keys. */
export function keyText(key: ReceiveKey): string {
  return [
    key.kind,
    key.source,
    key.destination,
    key.sourcePort,
    key.destinationPort,
    key.sourceMac,
    key.destinationMac,
    key.etherType,
    key.vlan,
  ].join(' ');
}

/** True if both take the same packets to the same place. */
export function sameFilter(a: ReceiveFilter, b: ReceiveFilter): boolean {
  return (
    keyText(a.key) === keyText(b.key) &&
    a.target.vf === b.target.vf &&
    a.target.queue === b.target.queue
  );
}
