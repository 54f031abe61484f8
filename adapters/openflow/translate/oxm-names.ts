import type { FieldName } from '../../../engine/model/match.ts';
import type { OxmName } from '../../../protocols/openflow/codec/oxm-fields.ts';

/** The names of a field that needs no conversion. */
export interface FieldNames {
  readonly oxm: OxmName;
  /** Nicira's name, which 1.0 uses; undefined: none. */
  readonly nxm: OxmName | undefined;
  /** Where the field can be masked: everywhere, with Nicira's extensions, or never. */
  readonly mask: 'everywhere' | 'nicira' | 'never';
}

/**
 * Fields that are the same in OpenFlow, ordered so that prerequisites come first (OpenFlow 1.3.5,
 * section 7.2.3.6). VLAN tags, the TOS byte, TTL, fragments and TCP flags need conversion: see
 * `match.ts`.
 */
export const SAME_FIELDS: Readonly<Partial<Record<FieldName, FieldNames>>> = {
  eth_dst: { oxm: 'eth_dst', nxm: 'nxm_of_eth_dst', mask: 'everywhere' },
  eth_src: { oxm: 'eth_src', nxm: 'nxm_of_eth_src', mask: 'everywhere' },
  eth_type: { oxm: 'eth_type', nxm: 'nxm_of_eth_type', mask: 'never' },
  ip_proto: { oxm: 'ip_proto', nxm: 'nxm_of_ip_proto', mask: 'never' },
  ipv4_src: { oxm: 'ipv4_src', nxm: 'nxm_of_ip_src', mask: 'everywhere' },
  ipv4_dst: { oxm: 'ipv4_dst', nxm: 'nxm_of_ip_dst', mask: 'everywhere' },
  ipv6_src: { oxm: 'ipv6_src', nxm: 'nxm_nx_ipv6_src', mask: 'everywhere' },
  ipv6_dst: { oxm: 'ipv6_dst', nxm: 'nxm_nx_ipv6_dst', mask: 'everywhere' },
  ipv6_flabel: { oxm: 'ipv6_flabel', nxm: 'nxm_nx_ipv6_label', mask: 'everywhere' },
  tcp_src: { oxm: 'tcp_src', nxm: 'nxm_of_tcp_src', mask: 'nicira' },
  tcp_dst: { oxm: 'tcp_dst', nxm: 'nxm_of_tcp_dst', mask: 'nicira' },
  udp_src: { oxm: 'udp_src', nxm: 'nxm_of_udp_src', mask: 'nicira' },
  udp_dst: { oxm: 'udp_dst', nxm: 'nxm_of_udp_dst', mask: 'nicira' },
  sctp_src: { oxm: 'sctp_src', nxm: undefined, mask: 'nicira' },
  sctp_dst: { oxm: 'sctp_dst', nxm: undefined, mask: 'nicira' },
  icmp_type: { oxm: 'icmpv4_type', nxm: 'nxm_of_icmp_type', mask: 'never' },
  icmp_code: { oxm: 'icmpv4_code', nxm: 'nxm_of_icmp_code', mask: 'never' },
  icmpv6_type: { oxm: 'icmpv6_type', nxm: 'nxm_nx_icmpv6_type', mask: 'never' },
  icmpv6_code: { oxm: 'icmpv6_code', nxm: 'nxm_nx_icmpv6_code', mask: 'never' },
  nd_target: { oxm: 'ipv6_nd_target', nxm: 'nxm_nx_nd_target', mask: 'nicira' },
  nd_sll: { oxm: 'ipv6_nd_sll', nxm: 'nxm_nx_nd_sll', mask: 'nicira' },
  nd_tll: { oxm: 'ipv6_nd_tll', nxm: 'nxm_nx_nd_tll', mask: 'nicira' },
  arp_op: { oxm: 'arp_op', nxm: 'nxm_of_arp_op', mask: 'never' },
  arp_spa: { oxm: 'arp_spa', nxm: 'nxm_of_arp_spa', mask: 'everywhere' },
  arp_tpa: { oxm: 'arp_tpa', nxm: 'nxm_of_arp_tpa', mask: 'everywhere' },
  arp_sha: { oxm: 'arp_sha', nxm: 'nxm_nx_arp_sha', mask: 'everywhere' },
  arp_tha: { oxm: 'arp_tha', nxm: 'nxm_nx_arp_tha', mask: 'everywhere' },
};
