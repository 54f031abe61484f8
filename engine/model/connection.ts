import type { FieldName } from './match.ts';
import type { TunnelKind } from './tunnel.ts';

/** One direction of a connection: the addresses and ports in the headers of its packets. */
export interface ConnectionTuple {
  readonly ipVersion: 4 | 6;
  /** IP protocol: 6 is TCP, 17 is UDP. */
  readonly protocol: number;
  /** 4 or 16 bytes, network byte order. */
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  /** TCP or UDP port; for ICMP the identifier in both, as conntrack has it; 0 without ports. */
  readonly srcPort: number;
  readonly dstPort: number;
}

/**
 * A connection as conntrack keeps it, in one zone. Packets of the original direction arrive with
 * `original`; those of the reply direction arrive with `reply`. The two mirror each other unless
 * the connection is translated (NAT): the vSwitch then rewrites each direction to the mirror of the
 * other's tuple.
 */
export interface TrackedConnection {
  readonly zone: number;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  /**
   * True while packets of both directions are `+est`: replies were seen, and TCP is past its
   * handshake and has not begun to close. False when that is not certain, and for connections whose
   * packets a helper (ALG) has to see.
   */
  readonly isEstablished: boolean;
  readonly mark: number;
  /** 16 bytes, most significant first, as OVS prints `ct_label`. */
  readonly labels: Uint8Array;
}

/** Direction of a packet within its connection. */
export type ConnectionDirection = 'original' | 'reply';

/** The outer headers of a packet that has arrived in a tunnel: exact values. */
export interface ArrivedTunnel {
  readonly kind: TunnelKind;
  /** A missing field: not known, or no such header. */
  readonly values: Readonly<Partial<Record<FieldName, Uint8Array>>>;
  readonly vni: number;
  readonly options: Uint8Array;
  /** Whether the outer IPv4 header has DF set; undefined: not known. */
  readonly doNotFragment?: boolean;
  /** Whether the outer UDP header has a checksum; undefined: not known. */
  readonly hasChecksum?: boolean;
}

/** The headers of a packet as it enters the vSwitch: exact values, network byte order. */
export interface PacketHeaders {
  /** Name of the port by which it enters. */
  readonly inPort: string;
  /** A missing field: the packet has no such header. Sizes as in `fieldBytes`. */
  readonly values: Readonly<Partial<Record<FieldName, Uint8Array>>>;
  /** The outer headers, when the packet arrives in a tunnel; `values` are those of the packet inside then. */
  readonly tunnel?: ArrivedTunnel;
}
