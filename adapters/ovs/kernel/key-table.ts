import type { FieldName } from '../../../engine/model/match.ts';
import { fieldIndex } from '../dump/field-pool.ts';

/** A field of a key attribute; its length is that of the model's field. */
export interface KeyField {
  /** In the attribute's struct, bytes. */
  readonly offset: number;
  /** Index into `FIELDS`. */
  readonly field: number;
}

/** An attribute whose struct consists of fields of the match vocabulary. */
export interface KeyStruct {
  /** As OVS prints it. */
  readonly name: string;
  /** Length of the struct. */
  readonly bytes: number;
  readonly fields: readonly KeyField[];
}

/** `OVS_KEY_ATTR_*` (include/uapi/linux/openvswitch.h). */
export const KEY = {
  encap: 1,
  priority: 2,
  inPort: 3,
  ethernet: 4,
  vlan: 5,
  etherType: 6,
  ipv4: 7,
  ipv6: 8,
  tcp: 9,
  udp: 10,
  icmp: 11,
  icmpv6: 12,
  arp: 13,
  nd: 14,
  skbMark: 15,
  tunnel: 16,
  sctp: 17,
  tcpFlags: 18,
  dpHash: 19,
  recircId: 20,
  mpls: 21,
  ctState: 22,
  ctZone: 23,
  ctMark: 24,
  ctLabels: 25,
  ctTuple4: 26,
  ctTuple6: 27,
  nsh: 28,
} as const;

/** Largest number of an attribute that has a name here. */
export const MAX_KEY = 31;

/** Text of an attribute that is not listed. */
export function keyName(type: number): string {
  return STRUCTS[type]?.name ?? OTHER_NAMES.get(type) ?? `key${type}`;
}

function struct(
  name: string,
  bytes: number,
  ...fields: readonly (readonly [number, FieldName])[]
): KeyStruct {
  return {
    name,
    bytes,
    fields: fields.map(([offset, field]) => ({ offset, field: fieldIndex(field) })),
  };
}

/** By number; the structs `ovs_key_*` of the header. */
export const STRUCTS: readonly (KeyStruct | undefined)[] = Object.assign(
  Array.from<KeyStruct | undefined>({ length: MAX_KEY + 1 }),
  {
    [KEY.ethernet]: struct('eth', 12, [0, 'eth_src'], [6, 'eth_dst']),
    [KEY.etherType]: struct('eth_type', 2, [0, 'eth_type']),
    [KEY.ipv4]: struct(
      'ipv4',
      12,
      [0, 'ipv4_src'],
      [4, 'ipv4_dst'],
      [8, 'ip_proto'],
      [9, 'ip_tos'],
      [10, 'ip_ttl'],
      [11, 'ip_frag'],
    ),
    [KEY.ipv6]: struct(
      'ipv6',
      40,
      [0, 'ipv6_src'],
      [16, 'ipv6_dst'],
      // 20 bits of a 32-bit word.
      [33, 'ipv6_flabel'],
      [36, 'ip_proto'],
      [37, 'ip_tos'],
      [38, 'ip_ttl'],
      [39, 'ip_frag'],
    ),
    [KEY.tcp]: struct('tcp', 4, [0, 'tcp_src'], [2, 'tcp_dst']),
    [KEY.udp]: struct('udp', 4, [0, 'udp_src'], [2, 'udp_dst']),
    [KEY.sctp]: struct('sctp', 4, [0, 'sctp_src'], [2, 'sctp_dst']),
    [KEY.tcpFlags]: struct('tcp_flags', 2, [0, 'tcp_flags']),
    [KEY.icmp]: struct('icmp', 2, [0, 'icmp_type'], [1, 'icmp_code']),
    [KEY.icmpv6]: struct('icmpv6', 2, [0, 'icmpv6_type'], [1, 'icmpv6_code']),
    [KEY.nd]: struct('nd', 28, [0, 'nd_target'], [16, 'nd_sll'], [22, 'nd_tll']),
    [KEY.arp]: struct(
      'arp',
      24,
      [0, 'arp_spa'],
      [4, 'arp_tpa'],
      [8, 'arp_op'],
      [10, 'arp_sha'],
      [16, 'arp_tha'],
    ),
  },
);

/** Attributes outside the match vocabulary, as OVS prints them. */
const OTHER_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [KEY.encap, 'encap'],
  [KEY.priority, 'skb_priority'],
  [KEY.inPort, 'in_port'],
  [KEY.vlan, 'vlan'],
  [KEY.skbMark, 'skb_mark'],
  [KEY.tunnel, 'tunnel'],
  [KEY.dpHash, 'dp_hash'],
  [KEY.recircId, 'recirc_id'],
  [KEY.mpls, 'mpls'],
  [KEY.ctState, 'ct_state'],
  [KEY.ctZone, 'ct_zone'],
  [KEY.ctMark, 'ct_mark'],
  [KEY.ctLabels, 'ct_label'],
  [KEY.ctTuple4, 'ct_tuple4'],
  [KEY.ctTuple6, 'ct_tuple6'],
  [KEY.nsh, 'nsh'],
]);
