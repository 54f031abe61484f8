import { type TunnelKind, tunnelName } from './tunnel.ts';

/**
 * What a datapath flow matches: the masked header fields of a megaflow.
 *
 * Fields have OpenFlow's OXM names (OpenFlow 1.3.5, section 7.2.3.7) and the values of the wire, so
 * that every backend translates from one catalogue.
 */

/** All fields of matches with their widths in bits, in the order of printing. */
export const FIELD_BITS = {
  /** Source MAC address. */
  eth_src: 48,
  /** Destination MAC address. */
  eth_dst: 48,
  /** TPID of the outermost VLAN tag. Present in a match if and only if the packet is tagged. */
  vlan_tpid: 16,
  /** VLAN id of the outermost tag. */
  vlan_vid: 12,
  /** Priority of the outermost tag. */
  vlan_pcp: 3,
  /** The second (inner) VLAN tag, same rules as the first. */
  cvlan_tpid: 16,
  cvlan_vid: 12,
  cvlan_pcp: 3,
  /** Ethertype behind all VLAN tags. */
  eth_type: 16,
  ipv4_src: 32,
  ipv4_dst: 32,
  ipv6_src: 128,
  ipv6_dst: 128,
  ipv6_flabel: 20,
  /** IPv4 protocol or IPv6 last next-header. */
  ip_proto: 8,
  /** The whole TOS / traffic-class byte (DSCP and ECN). */
  ip_tos: 8,
  /** TTL or hop limit. */
  ip_ttl: 8,
  /** 0 not a fragment, 1 first fragment, 2 later fragment. OVS always matches it for IP. */
  ip_frag: 2,
  tcp_src: 16,
  tcp_dst: 16,
  tcp_flags: 12,
  udp_src: 16,
  udp_dst: 16,
  sctp_src: 16,
  sctp_dst: 16,
  icmp_type: 8,
  icmp_code: 8,
  icmpv6_type: 8,
  icmpv6_code: 8,
  nd_target: 128,
  nd_sll: 48,
  nd_tll: 48,
  arp_op: 16,
  arp_spa: 32,
  arp_tpa: 32,
  arp_sha: 48,
  arp_tha: 48,
} as const;

/** Name of a match field. */
export type FieldName = keyof typeof FIELD_BITS;

/** Size of a field in bytes: its bits are right-aligned, in network byte order. */
export function fieldBytes(field: FieldName): number {
  return (FIELD_BITS[field] + 7) >> 3;
}

/** One masked field. `value` has no bit set outside `mask`; `mask` has at least one bit set. */
export interface FieldMatch {
  readonly field: FieldName;
  /** `fieldBytes(field)` bytes, network byte order. */
  readonly value: Uint8Array;
  /** Same length as `value`; a set bit must match. */
  readonly mask: Uint8Array;
}

/**
 * A condition of the datapath flow that no {@link FieldName} covers: recirculation, connection
 * tracking, tunnel metadata, packet type. Stored as text for display; a backend that does not
 * understand it must refuse the flow.
 */
export interface OpaqueMatch {
  readonly name: string;
  readonly text: string;
}

/**
 * The outer headers of a packet that arrives in a tunnel, as a condition. The other conditions of its
 * match are about the packet inside.
 */
export interface TunnelMatch {
  readonly kind: TunnelKind;
  /**
   * Conditions on the outer headers, in catalogue order: addresses, `udp_dst`, bits of `ip_tos` and so on.
   * MAC addresses only where the match is of packets with their outer headers (userspace datapath);
   * where a tunnel device has removed them (kernel datapath), there are no MAC addresses.
   */
  readonly fields: readonly FieldMatch[];
  /** Virtual network identifier, 24 bits. */
  readonly vni: number;
  /** All Geneve options, as on the wire (RFC 8926, section 3.5); empty for VXLAN. */
  readonly options: Uint8Array;
  /** Whether the outer IPv4 header has DF set, which IPv6 does not have; undefined: either. */
  readonly doNotFragment?: boolean;
  /** Whether the outer UDP header has a checksum; undefined: either. */
  readonly hasChecksum?: boolean;
}

/** What a datapath flow matches. Datapath flows are disjoint: at most one matches a packet. */
export interface FlowMatch {
  /** Name of the port by which the packet entered. */
  readonly inPort: string;
  /** In catalogue order, each field at most once. Missing fields are wildcards. */
  readonly fields: readonly FieldMatch[];
  /** Conditions outside the catalogue; empty for most flows. */
  readonly opaque: readonly OpaqueMatch[];
  /**
   * Outer headers of packets that arrive in a tunnel: the fields are those of the packets inside then.
   * Only matches that Norikae composes have it; what the vSwitch reports of tunnels is opaque.
   */
  readonly tunnel?: TunnelMatch;
}

/** The match on `field`, or undefined if it is a wildcard. */
export function fieldOf(match: FlowMatch, field: FieldName): FieldMatch | undefined {
  // Loops, not callbacks: backends ask for every flow that they install.
  for (const f of match.fields) if (f.field === field) return f;
  return undefined;
}

/**
 * A condition that is not on a header of packets as they arrive: the first of them, or undefined. A backend
 * that does not understand it refuses the flow.
 */
export function firstBeyondHeaders({ opaque, tunnel }: FlowMatch): OpaqueMatch | undefined {
  if (opaque.length > 0) return opaque[0];
  return tunnel && { name: 'tunnel', text: tunnelName(tunnel) };
}

/**
 * True if the flow is of packets that have passed another datapath flow before: they are recirculated,
 * so the flow by which they entered the vSwitch has counted them, too.
 */
export function isLaterPass({ opaque }: FlowMatch): boolean {
  for (const { name } of opaque) if (name === 'recirc_id') return true;
  return false;
}

/** True if every bit of the field must match. */
export function isExact({ field, mask }: FieldMatch): boolean {
  return hasAllBits(mask, FIELD_BITS[field]);
}

/** True if the last `bits` bits of the mask are set. */
export function hasAllBits(mask: Uint8Array, bits: number): boolean {
  const spare = mask.length * 8 - bits;
  if (mask[0] !== 0xff >> spare) return false;
  for (let i = 1; i < mask.length; i++) if (mask[i] !== 0xff) return false;
  return true;
}

/** The mask of an exact match on a field. */
export function exactMask(field: FieldName): Uint8Array {
  const mask = new Uint8Array(fieldBytes(field)).fill(0xff);
  mask[0] = 0xff >> (mask.length * 8 - FIELD_BITS[field]);
  return mask;
}
