import type { FieldName } from '../../../engine/model/match.ts';

/** Bytes of `struct flow_key`. */
export const KEY_BYTES = 64;
/** `struct table_key`: mask id, port id, then the fields. */
export const TABLE_KEY = { maskId: 0, inPort: 4, fields: 8, bytes: 72 } as const;

/** Where `outer_tos`, `outer_ttl` and `outer_flags` begin in `struct flow_key`, and the bits of the flags. */
export const KEY_OUTER = 28;
export const OUTER_FLAG = { doNotFragment: 1, checksum: 2 } as const;

/** Ethertypes and IP protocols, as numbers. */
export const ETH_IPV4 = 0x0800;
export const ETH_IPV6 = 0x86dd;
const ETH_ARP = 0x0806;
const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ICMP = 1;
const ICMPV6 = 58;

/** Where a match field is in `struct flow_key`, and which packets have it. */
export interface KeyField {
  /** Offset of its first byte. */
  readonly at: number;
  /** Bytes it occupies there, network byte order. */
  readonly bytes: number;
  /** Left shift within those bytes, bits. */
  readonly shift: number;
  /** The match must have one of these ethertypes. */
  readonly ethTypes: readonly number[] | undefined;
  /** The same for the IP protocol. */
  readonly ipProto: number | undefined;
}

const IP = [ETH_IPV4, ETH_IPV6];
const IPV4 = [ETH_IPV4];
const IPV6 = [ETH_IPV6];
const ARP = [ETH_ARP];

// Fields of one shape, so that reading them is fast.

function anywhere(at: number, bytes: number, shift = 0): KeyField {
  return { at, bytes, shift, ethTypes: undefined, ipProto: undefined };
}

function inside(
  ethTypes: readonly number[],
  at: number,
  bytes: number,
  ipProto?: number,
): KeyField {
  return { at, bytes, shift: 0, ethTypes, ipProto };
}

/**
 * The fields the program extracts: the layout of `struct flow_key` (bpf/layout.h), described once.
 * A field that is not here cannot be matched.
 */
export const KEY_FIELDS: Partial<Record<FieldName, KeyField>> = {
  eth_dst: anywhere(0, 6),
  eth_src: anywhere(6, 6),
  vlan_tpid: anywhere(12, 2),
  vlan_vid: anywhere(14, 2),
  vlan_pcp: anywhere(14, 1, 5),
  eth_type: anywhere(16, 2),
  ip_proto: inside(IP, 18, 1),
  ip_tos: inside(IP, 19, 1),
  ip_ttl: inside(IP, 20, 1),
  ip_frag: inside(IP, 21, 1),
  tcp_flags: inside(IP, 22, 2, TCP),
  tcp_src: inside(IP, 24, 2, TCP),
  tcp_dst: inside(IP, 26, 2, TCP),
  udp_src: inside(IP, 24, 2, UDP),
  udp_dst: inside(IP, 26, 2, UDP),
  sctp_src: inside(IP, 24, 2, SCTP),
  sctp_dst: inside(IP, 26, 2, SCTP),
  icmp_type: inside(IPV4, 25, 1, ICMP),
  icmp_code: inside(IPV4, 27, 1, ICMP),
  icmpv6_type: inside(IPV6, 25, 1, ICMPV6),
  icmpv6_code: inside(IPV6, 27, 1, ICMPV6),
  arp_op: inside(ARP, 24, 2),
  arp_spa: inside(ARP, 32, 4),
  arp_sha: inside(ARP, 36, 6),
  arp_tpa: inside(ARP, 48, 4),
  arp_tha: inside(ARP, 52, 6),
  ipv4_src: inside(IPV4, 32, 4),
  ipv4_dst: inside(IPV4, 48, 4),
  ipv6_src: inside(IPV6, 32, 16),
  ipv6_dst: inside(IPV6, 48, 16),
};
