import type { FieldName } from '../../../engine/model/match.ts';

/** Bytes of `struct flow_key`. */
export const KEY_BYTES = 64;
/** `struct table_key`: mask id, port id, then the fields. */
export const TABLE_KEY = { maskId: 0, inPort: 4, fields: 8, bytes: 72 } as const;

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
  readonly ethTypes?: readonly number[];
  /** The same for the IP protocol. */
  readonly ipProto?: number;
}

const IP = [ETH_IPV4, ETH_IPV6];

/**
 * The fields the program extracts: the layout of `struct flow_key` (bpf/layout.h), described once.
 * A field that is not here cannot be matched.
 */
export const KEY_FIELDS: Partial<Record<FieldName, KeyField>> = {
  eth_dst: { at: 0, bytes: 6, shift: 0 },
  eth_src: { at: 6, bytes: 6, shift: 0 },
  vlan_tpid: { at: 12, bytes: 2, shift: 0 },
  vlan_vid: { at: 14, bytes: 2, shift: 0 },
  vlan_pcp: { at: 14, bytes: 1, shift: 5 },
  eth_type: { at: 16, bytes: 2, shift: 0 },
  ip_proto: { at: 18, bytes: 1, shift: 0, ethTypes: IP },
  ip_tos: { at: 19, bytes: 1, shift: 0, ethTypes: IP },
  ip_ttl: { at: 20, bytes: 1, shift: 0, ethTypes: IP },
  ip_frag: { at: 21, bytes: 1, shift: 0, ethTypes: IP },
  tcp_flags: { at: 22, bytes: 2, shift: 0, ethTypes: IP, ipProto: TCP },
  tcp_src: { at: 24, bytes: 2, shift: 0, ethTypes: IP, ipProto: TCP },
  tcp_dst: { at: 26, bytes: 2, shift: 0, ethTypes: IP, ipProto: TCP },
  udp_src: { at: 24, bytes: 2, shift: 0, ethTypes: IP, ipProto: UDP },
  udp_dst: { at: 26, bytes: 2, shift: 0, ethTypes: IP, ipProto: UDP },
  sctp_src: { at: 24, bytes: 2, shift: 0, ethTypes: IP, ipProto: SCTP },
  sctp_dst: { at: 26, bytes: 2, shift: 0, ethTypes: IP, ipProto: SCTP },
  icmp_type: { at: 25, bytes: 1, shift: 0, ethTypes: [ETH_IPV4], ipProto: ICMP },
  icmp_code: { at: 27, bytes: 1, shift: 0, ethTypes: [ETH_IPV4], ipProto: ICMP },
  icmpv6_type: { at: 25, bytes: 1, shift: 0, ethTypes: [ETH_IPV6], ipProto: ICMPV6 },
  icmpv6_code: { at: 27, bytes: 1, shift: 0, ethTypes: [ETH_IPV6], ipProto: ICMPV6 },
  arp_op: { at: 24, bytes: 2, shift: 0, ethTypes: [ETH_ARP] },
  arp_spa: { at: 32, bytes: 4, shift: 0, ethTypes: [ETH_ARP] },
  arp_sha: { at: 36, bytes: 6, shift: 0, ethTypes: [ETH_ARP] },
  arp_tpa: { at: 48, bytes: 4, shift: 0, ethTypes: [ETH_ARP] },
  arp_tha: { at: 52, bytes: 6, shift: 0, ethTypes: [ETH_ARP] },
  ipv4_src: { at: 32, bytes: 4, shift: 0, ethTypes: [ETH_IPV4] },
  ipv4_dst: { at: 48, bytes: 4, shift: 0, ethTypes: [ETH_IPV4] },
  ipv6_src: { at: 32, bytes: 16, shift: 0, ethTypes: [ETH_IPV6] },
  ipv6_dst: { at: 48, bytes: 16, shift: 0, ethTypes: [ETH_IPV6] },
};
