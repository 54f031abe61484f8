import { type FieldName, fieldOf, type FlowMatch, isExact } from '../../engine/model/match.ts';
import { anyOf, NUMBER_16, NUMBER_8, Region, unsigned } from './region.ts';

const TYPE_IPV4 = 0x0800;
const TYPE_ARP = 0x0806;
const TYPE_IPV6 = 0x86dd;

/**
 * Ethertypes behind which the vSwitch does not look for an IP header, although there can be one:
 * further VLAN tags, MPLS, PPPoE. What such packets carry is not known.
 */
const ENVELOPES = [0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8864];

/** Fields that only such packets have; a match on one says what the packets are. */
const ONLY_IPV4: readonly FieldName[] = ['ipv4_src', 'ipv4_dst', 'icmp_type', 'icmp_code'];
const ONLY_IPV6: readonly FieldName[] = [
  'ipv6_src',
  'ipv6_dst',
  'ipv6_flabel',
  'icmpv6_type',
  'icmpv6_code',
  'nd_target',
  'nd_sll',
  'nd_tll',
];
const ONLY_ARP: readonly FieldName[] = ['arp_op', 'arp_spa', 'arp_tpa', 'arp_sha', 'arp_tha'];
const BY_PROTOCOL: ReadonlyMap<number, readonly FieldName[]> = new Map([
  [1, ['icmp_type', 'icmp_code']],
  [6, ['tcp_src', 'tcp_dst', 'tcp_flags']],
  [17, ['udp_src', 'udp_dst']],
  [58, ['icmpv6_type', 'icmpv6_code', 'nd_target', 'nd_sll', 'nd_tll']],
  [132, ['sctp_src', 'sctp_dst']],
]);
const ONLY_IP: readonly FieldName[] = [
  'ip_proto',
  'ip_tos',
  'ip_ttl',
  'ip_frag',
  ...[...BY_PROTOCOL.values()].flat(),
];

/** Fragments whose transport header is in an earlier packet (`ip_frag`). */
const LATER_FRAGMENT = 2;

/** What a match tells about the kinds of packets that it can carry. */
export interface PacketKinds {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly arp: boolean;
  /** Packets of another ethertype. */
  readonly other: boolean;
  /** Packets whose inner headers the vSwitch does not read. */
  readonly enveloped: boolean;
}

const NONE: PacketKinds = { ipv4: false, ipv6: false, arp: false, other: false, enveloped: false };
const BY_TYPE: ReadonlyMap<number, PacketKinds> = new Map([
  [TYPE_IPV4, { ...NONE, ipv4: true }],
  [TYPE_IPV6, { ...NONE, ipv6: true }],
  [TYPE_ARP, { ...NONE, arp: true }],
]);

/** The kinds of packets that a match can carry. */
export function kindsOf(match: FlowMatch): PacketKinds {
  const exact = exactNumber(match, 'eth_type');
  const kinds = exact === undefined ? undefined : BY_TYPE.get(exact);
  if (kinds !== undefined) return kinds;
  const has = (fields: readonly FieldName[]) =>
    fields.some((field) => fieldOf(match, field) !== undefined);
  if (fieldOf(match, 'eth_type') === undefined) {
    if (has(ONLY_IPV4)) return { ...NONE, ipv4: true };
    if (has(ONLY_IPV6)) return { ...NONE, ipv6: true };
    if (has(ONLY_ARP)) return { ...NONE, arp: true };
    if (has(ONLY_IP)) return { ...NONE, ipv4: true, ipv6: true };
  }
  const type = etherTypes(match);
  const named = [TYPE_IPV4, TYPE_IPV6, TYPE_ARP].map((value) => type.includes(value));
  const [ipv4, ipv6, arp] = named;
  const other = 2 ** type.freeBits > named.filter(Boolean).length;
  return { ipv4, ipv6, arp, other, enveloped: ENVELOPES.some((value) => type.includes(value)) };
}

/** The number in a field that is matched exactly, as most are; undefined for others. */
export function exactNumber(match: FlowMatch, name: FieldName): number | undefined {
  const field = fieldOf(match, name);
  return field !== undefined && isExact(field) ? unsigned(field.value) : undefined;
}

/** True if packets can have this IP protocol, if they are IP. */
export function mayHaveProtocol(match: FlowMatch, protocol: number): boolean {
  const exact = exactNumber(match, 'ip_proto');
  return exact === undefined ? ipProtocols(match).includes(protocol) : exact === protocol;
}

/** Ethertypes of the packets. */
export function etherTypes(match: FlowMatch): Region {
  const field = fieldOf(match, 'eth_type');
  return field === undefined ? anyOf(NUMBER_16) : new Region(NUMBER_16, field.value, field.mask);
}

/** IP protocols of those packets that are IP. */
export function ipProtocols(match: FlowMatch): Region {
  const field = fieldOf(match, 'ip_proto');
  if (field !== undefined) return new Region(NUMBER_8, field.value, field.mask);
  for (const [protocol, fields] of BY_PROTOCOL) {
    if (!fields.some((name) => fieldOf(match, name) !== undefined)) continue;
    return new Region(NUMBER_8, Uint8Array.of(protocol), Uint8Array.of(0xff));
  }
  return anyOf(NUMBER_8);
}

/** False if the match excludes fragments without a transport header. */
export function mayLackPorts(match: FlowMatch): boolean {
  const field = fieldOf(match, 'ip_frag');
  return field === undefined || (LATER_FRAGMENT & field.mask[0]) === field.value[0];
}
