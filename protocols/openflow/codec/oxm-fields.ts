import type { PrerequisiteName } from './prerequisite-name.ts';

/** Class of the specification's fields. */
const OXM_BASIC = 0x8000;
/** Class of fields whose first four bytes are an experimenter id. */
export const OXM_EXPERIMENTER = 0xffff;
/** Nicira's two classes, which are older than OXM. */
const NXM_OF = 0x0000;
const NXM_NX = 0x0001;
const ONF = 0x4f4e4600;

/** A row of the field table. */
export interface FieldDefinition {
  readonly oxmClass: number;
  readonly field: number;
  /** 0 for all classes but {@link OXM_EXPERIMENTER}. */
  readonly experimenter: number;
  readonly bits: number;
  /** Bytes of the value, in which `bits` are right-aligned: 4 for 20 bits. */
  readonly bytes: number;
  /** Whether the specification allows a mask. OVS also masks transport ports and others. */
  readonly maskable: boolean;
  /** Prerequisites of the field. */
  readonly needs: PrerequisiteName | undefined;
}

function row(
  oxmClass: number,
  field: number,
  bits: number,
  mask: 'maskable' | 'exact',
  needs?: PrerequisiteName,
  experimenter = 0,
): FieldDefinition {
  // The two fields of 20 bits use a word each.
  const bytes = bits === 20 ? 4 : (bits + 7) >> 3;
  return { oxmClass, field, experimenter, bits, bytes, maskable: mask === 'maskable', needs };
}

/**
 * All known fields: OpenFlow 1.3.5, table 13 (section 7.2.3.7); the ONF's experimenter fields
 * (EXT-109, EXT-233); and Nicira's, which OVS sends on OpenFlow 1.0, as in ovs-fields(7) of OVS
 * 3.1.
 */
export const OXM_FIELDS = {
  in_port: row(OXM_BASIC, 0, 32, 'exact'),
  in_phy_port: row(OXM_BASIC, 1, 32, 'exact', 'in_port'),
  metadata: row(OXM_BASIC, 2, 64, 'maskable'),
  eth_dst: row(OXM_BASIC, 3, 48, 'maskable'),
  eth_src: row(OXM_BASIC, 4, 48, 'maskable'),
  eth_type: row(OXM_BASIC, 5, 16, 'exact'),
  /** Bit 12 (0x1000) is set when the packet has a tag. */
  vlan_vid: row(OXM_BASIC, 6, 13, 'maskable'),
  vlan_pcp: row(OXM_BASIC, 7, 3, 'exact', 'vlan'),
  ip_dscp: row(OXM_BASIC, 8, 6, 'exact', 'ip'),
  ip_ecn: row(OXM_BASIC, 9, 2, 'exact', 'ip'),
  ip_proto: row(OXM_BASIC, 10, 8, 'exact', 'ip'),
  ipv4_src: row(OXM_BASIC, 11, 32, 'maskable', 'ipv4'),
  ipv4_dst: row(OXM_BASIC, 12, 32, 'maskable', 'ipv4'),
  tcp_src: row(OXM_BASIC, 13, 16, 'exact', 'tcp'),
  tcp_dst: row(OXM_BASIC, 14, 16, 'exact', 'tcp'),
  udp_src: row(OXM_BASIC, 15, 16, 'exact', 'udp'),
  udp_dst: row(OXM_BASIC, 16, 16, 'exact', 'udp'),
  sctp_src: row(OXM_BASIC, 17, 16, 'exact', 'sctp'),
  sctp_dst: row(OXM_BASIC, 18, 16, 'exact', 'sctp'),
  icmpv4_type: row(OXM_BASIC, 19, 8, 'exact', 'icmpv4'),
  icmpv4_code: row(OXM_BASIC, 20, 8, 'exact', 'icmpv4'),
  arp_op: row(OXM_BASIC, 21, 16, 'exact', 'arp'),
  arp_spa: row(OXM_BASIC, 22, 32, 'maskable', 'arp'),
  arp_tpa: row(OXM_BASIC, 23, 32, 'maskable', 'arp'),
  arp_sha: row(OXM_BASIC, 24, 48, 'maskable', 'arp'),
  arp_tha: row(OXM_BASIC, 25, 48, 'maskable', 'arp'),
  ipv6_src: row(OXM_BASIC, 26, 128, 'maskable', 'ipv6'),
  ipv6_dst: row(OXM_BASIC, 27, 128, 'maskable', 'ipv6'),
  ipv6_flabel: row(OXM_BASIC, 28, 20, 'maskable', 'ipv6'),
  icmpv6_type: row(OXM_BASIC, 29, 8, 'exact', 'icmpv6'),
  icmpv6_code: row(OXM_BASIC, 30, 8, 'exact', 'icmpv6'),
  ipv6_nd_target: row(OXM_BASIC, 31, 128, 'exact', 'nd'),
  ipv6_nd_sll: row(OXM_BASIC, 32, 48, 'exact', 'nd_solicit'),
  ipv6_nd_tll: row(OXM_BASIC, 33, 48, 'exact', 'nd_advert'),
  mpls_label: row(OXM_BASIC, 34, 20, 'exact', 'mpls'),
  mpls_tc: row(OXM_BASIC, 35, 3, 'exact', 'mpls'),
  mpls_bos: row(OXM_BASIC, 36, 1, 'exact', 'mpls'),
  pbb_isid: row(OXM_BASIC, 37, 24, 'maskable', 'pbb'),
  tunnel_id: row(OXM_BASIC, 38, 64, 'maskable'),
  ipv6_exthdr: row(OXM_BASIC, 39, 9, 'maskable', 'ipv6'),

  tcp_flags: row(OXM_EXPERIMENTER, 42, 12, 'maskable', 'tcp', ONF),
  actset_output: row(OXM_EXPERIMENTER, 43, 32, 'exact', undefined, ONF),

  nxm_of_in_port: row(NXM_OF, 0, 16, 'exact'),
  nxm_of_eth_dst: row(NXM_OF, 1, 48, 'maskable'),
  nxm_of_eth_src: row(NXM_OF, 2, 48, 'maskable'),
  nxm_of_eth_type: row(NXM_OF, 3, 16, 'exact'),
  /** The tag's 16 bits; bit 12 (0x1000) is set when the packet has a tag. */
  nxm_of_vlan_tci: row(NXM_OF, 4, 16, 'maskable'),
  /** The whole byte; its ECN bits must be 0. */
  nxm_of_ip_tos: row(NXM_OF, 5, 8, 'exact', 'ip'),
  nxm_of_ip_proto: row(NXM_OF, 6, 8, 'exact', 'ip'),
  nxm_of_ip_src: row(NXM_OF, 7, 32, 'maskable', 'ipv4'),
  nxm_of_ip_dst: row(NXM_OF, 8, 32, 'maskable', 'ipv4'),
  nxm_of_tcp_src: row(NXM_OF, 9, 16, 'maskable', 'tcp'),
  nxm_of_tcp_dst: row(NXM_OF, 10, 16, 'maskable', 'tcp'),
  nxm_of_udp_src: row(NXM_OF, 11, 16, 'maskable', 'udp'),
  nxm_of_udp_dst: row(NXM_OF, 12, 16, 'maskable', 'udp'),
  nxm_of_icmp_type: row(NXM_OF, 13, 8, 'exact', 'icmpv4'),
  nxm_of_icmp_code: row(NXM_OF, 14, 8, 'exact', 'icmpv4'),
  nxm_of_arp_op: row(NXM_OF, 15, 16, 'exact', 'arp'),
  nxm_of_arp_spa: row(NXM_OF, 16, 32, 'maskable', 'arp'),
  nxm_of_arp_tpa: row(NXM_OF, 17, 32, 'maskable', 'arp'),
  nxm_nx_tun_id: row(NXM_NX, 16, 64, 'maskable'),
  nxm_nx_arp_sha: row(NXM_NX, 17, 48, 'maskable', 'arp'),
  nxm_nx_arp_tha: row(NXM_NX, 18, 48, 'maskable', 'arp'),
  nxm_nx_ipv6_src: row(NXM_NX, 19, 128, 'maskable', 'ipv6'),
  nxm_nx_ipv6_dst: row(NXM_NX, 20, 128, 'maskable', 'ipv6'),
  nxm_nx_icmpv6_type: row(NXM_NX, 21, 8, 'exact', 'icmpv6'),
  nxm_nx_icmpv6_code: row(NXM_NX, 22, 8, 'exact', 'icmpv6'),
  nxm_nx_nd_target: row(NXM_NX, 23, 128, 'maskable', 'nd'),
  nxm_nx_nd_sll: row(NXM_NX, 24, 48, 'maskable', 'nd_solicit'),
  nxm_nx_nd_tll: row(NXM_NX, 25, 48, 'maskable', 'nd_advert'),
  /** Bit 0: any fragment, bit 1: a later one. */
  nxm_nx_ip_frag: row(NXM_NX, 26, 2, 'maskable', 'ip'),
  nxm_nx_ipv6_label: row(NXM_NX, 27, 20, 'maskable', 'ipv6'),
  nxm_nx_ip_ecn: row(NXM_NX, 28, 2, 'exact', 'ip'),
  nxm_nx_ip_ttl: row(NXM_NX, 29, 8, 'exact', 'ip'),
  /** Not a packet field: selects entries by cookie in a flow-mod or a request on 1.0. */
  nxm_nx_cookie: row(NXM_NX, 30, 64, 'maskable'),
  nxm_nx_mpls_ttl: row(NXM_NX, 30, 8, 'exact', 'mpls'),
  nxm_nx_tun_ipv4_src: row(NXM_NX, 31, 32, 'maskable'),
  nxm_nx_tun_ipv4_dst: row(NXM_NX, 32, 32, 'maskable'),
  nxm_nx_pkt_mark: row(NXM_NX, 33, 32, 'maskable'),
  nxm_nx_tcp_flags: row(NXM_NX, 34, 12, 'maskable', 'tcp'),
  nxm_nx_conj_id: row(NXM_NX, 37, 32, 'exact'),
} as const satisfies Record<string, FieldDefinition>;

/** Name of a field: the specification's, or `nxm_` and Nicira's, in lower case. */
export type OxmName = keyof typeof OXM_FIELDS;
