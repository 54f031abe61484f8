import type { FieldName } from '../../../engine/model/match.ts';
import type { ValueFormat } from './values.ts';

/** One `name=value/mask` inside an attribute's parentheses. */
export interface PartSpec {
  readonly name: string;
  readonly field: FieldName;
  readonly format: ValueFormat;
}

/**
 * How an attribute of a datapath flow key is read (lib/odp-util.c, format_odp_key_attr__).
 * Attributes that are not listed are outside the match vocabulary and kept as text.
 */
export type AttributeSpec =
  | { readonly name: string; readonly kind: 'in-port' | 'ethertype' | 'encap' }
  /** Ignored when its text is exactly `usual`, which every packet from a port matches. */
  | { readonly name: string; readonly kind: 'metadata'; readonly usual: string }
  /** One value without a name. */
  | { readonly name: string; readonly kind: 'value'; readonly part: PartSpec }
  /** Named parts; `vlan` has other fields for the second tag. */
  | { readonly name: string; readonly kind: 'parts'; readonly parts: readonly PartSpec[] }
  | {
      readonly name: string;
      readonly kind: 'vlan';
      readonly outer: readonly PartSpec[];
      readonly inner: readonly PartSpec[];
    };

function parts(...rows: readonly (readonly [string, FieldName, ValueFormat])[]): PartSpec[] {
  return rows.map(([name, field, format]) => ({ name, field, format }));
}

export const ATTRIBUTES: readonly AttributeSpec[] = [
  { name: 'in_port', kind: 'in-port' },
  { name: 'eth_type', kind: 'ethertype' },
  { name: 'encap', kind: 'encap' },
  { name: 'recirc_id', kind: 'metadata', usual: '0' },
  { name: 'packet_type', kind: 'metadata', usual: 'ns=0,id=0' },
  {
    name: 'eth',
    kind: 'parts',
    parts: parts(['src', 'eth_src', 'mac'], ['dst', 'eth_dst', 'mac']),
  },
  {
    name: 'vlan',
    kind: 'vlan',
    outer: parts(['vid', 'vlan_vid', 'number'], ['pcp', 'vlan_pcp', 'number']),
    inner: parts(['vid', 'cvlan_vid', 'number'], ['pcp', 'cvlan_pcp', 'number']),
  },
  {
    name: 'ipv4',
    kind: 'parts',
    parts: parts(
      ['src', 'ipv4_src', 'ipv4'],
      ['dst', 'ipv4_dst', 'ipv4'],
      ['proto', 'ip_proto', 'number'],
      ['tos', 'ip_tos', 'number'],
      ['ttl', 'ip_ttl', 'number'],
      ['frag', 'ip_frag', 'frag'],
    ),
  },
  {
    name: 'ipv6',
    kind: 'parts',
    parts: parts(
      ['src', 'ipv6_src', 'ipv6'],
      ['dst', 'ipv6_dst', 'ipv6'],
      ['label', 'ipv6_flabel', 'number'],
      ['proto', 'ip_proto', 'number'],
      ['tclass', 'ip_tos', 'number'],
      ['hlimit', 'ip_ttl', 'number'],
      ['frag', 'ip_frag', 'frag'],
    ),
  },
  {
    name: 'tcp',
    kind: 'parts',
    parts: parts(['src', 'tcp_src', 'number'], ['dst', 'tcp_dst', 'number']),
  },
  {
    name: 'udp',
    kind: 'parts',
    parts: parts(['src', 'udp_src', 'number'], ['dst', 'udp_dst', 'number']),
  },
  {
    name: 'sctp',
    kind: 'parts',
    parts: parts(['src', 'sctp_src', 'number'], ['dst', 'sctp_dst', 'number']),
  },
  {
    name: 'tcp_flags',
    kind: 'value',
    part: { name: '', field: 'tcp_flags', format: 'tcp-flags' },
  },
  {
    name: 'icmp',
    kind: 'parts',
    parts: parts(['type', 'icmp_type', 'number'], ['code', 'icmp_code', 'number']),
  },
  {
    name: 'icmpv6',
    kind: 'parts',
    parts: parts(['type', 'icmpv6_type', 'number'], ['code', 'icmpv6_code', 'number']),
  },
  {
    name: 'nd',
    kind: 'parts',
    parts: parts(
      ['target', 'nd_target', 'ipv6'],
      ['sll', 'nd_sll', 'mac'],
      ['tll', 'nd_tll', 'mac'],
    ),
  },
  {
    name: 'arp',
    kind: 'parts',
    parts: parts(
      ['sip', 'arp_spa', 'ipv4'],
      ['tip', 'arp_tpa', 'ipv4'],
      ['op', 'arp_op', 'number'],
      ['sha', 'arp_sha', 'mac'],
      ['tha', 'arp_tha', 'mac'],
    ),
  },
];

/** What OVS prints before `in_port` for nearly every flow; it matches every packet. */
export const QUIET_PREFIX =
  'skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),' +
  'recirc_id(0),dp_hash(0/0),';
