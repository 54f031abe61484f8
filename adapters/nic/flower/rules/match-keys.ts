import type { FieldName } from '../../../../engine/model/match.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import { ETH, IP_PROTO } from './headers.ts';

/** Where a match field goes in a filter of `flower`, and which packets have it. */
export interface MatchKey {
  /** Number of the attribute with the value, and of that with the mask. */
  readonly value: number;
  /** undefined: `flower` compares the whole field. */
  readonly mask: number | undefined;
  /** The match must have one of these ethertypes. */
  readonly ethTypes: readonly number[] | undefined;
  /** The same for the IP protocol: the field belongs to an L4 header. */
  readonly ipProto: number | undefined;
}

type Row = { readonly number: number };

function key(
  value: Row,
  mask: Row | undefined,
  ethTypes?: readonly number[],
  ipProto?: number,
): MatchKey {
  return { value: value.number, mask: mask?.number, ethTypes, ipProto };
}

const IPV4 = [ETH.ipv4];
const IPV6 = [ETH.ipv6];
const IP = [ETH.ipv4, ETH.ipv6];
const ARP = [ETH.arp];
const { tcp, udp, sctp, icmp, icmpv6 } = IP_PROTO;

/**
 * The fields that `flower` matches with the bytes of the wire. Ethertype, VLAN tags, fragments and
 * the opcode of ARP need more than a copy. A field that is not here cannot be matched.
 */
export const MATCH_KEYS: Partial<Record<FieldName, MatchKey>> = {
  eth_src: key(FLOWER.ethSource, FLOWER.ethSourceMask),
  eth_dst: key(FLOWER.ethDestination, FLOWER.ethDestinationMask),
  ipv4_src: key(FLOWER.ipv4Source, FLOWER.ipv4SourceMask, IPV4),
  ipv4_dst: key(FLOWER.ipv4Destination, FLOWER.ipv4DestinationMask, IPV4),
  ipv6_src: key(FLOWER.ipv6Source, FLOWER.ipv6SourceMask, IPV6),
  ipv6_dst: key(FLOWER.ipv6Destination, FLOWER.ipv6DestinationMask, IPV6),
  ip_proto: key(FLOWER.ipProto, undefined, IP),
  ip_tos: key(FLOWER.ipTos, FLOWER.ipTosMask, IP),
  ip_ttl: key(FLOWER.ipTtl, FLOWER.ipTtlMask, IP),
  tcp_src: key(FLOWER.tcpSource, FLOWER.tcpSourceMask, IP, tcp),
  tcp_dst: key(FLOWER.tcpDestination, FLOWER.tcpDestinationMask, IP, tcp),
  tcp_flags: key(FLOWER.tcpFlags, FLOWER.tcpFlagsMask, IP, tcp),
  udp_src: key(FLOWER.udpSource, FLOWER.udpSourceMask, IP, udp),
  udp_dst: key(FLOWER.udpDestination, FLOWER.udpDestinationMask, IP, udp),
  sctp_src: key(FLOWER.sctpSource, FLOWER.sctpSourceMask, IP, sctp),
  sctp_dst: key(FLOWER.sctpDestination, FLOWER.sctpDestinationMask, IP, sctp),
  icmp_type: key(FLOWER.icmpType, FLOWER.icmpTypeMask, IPV4, icmp),
  icmp_code: key(FLOWER.icmpCode, FLOWER.icmpCodeMask, IPV4, icmp),
  icmpv6_type: key(FLOWER.icmpv6Type, FLOWER.icmpv6TypeMask, IPV6, icmpv6),
  icmpv6_code: key(FLOWER.icmpv6Code, FLOWER.icmpv6CodeMask, IPV6, icmpv6),
  arp_spa: key(FLOWER.arpSip, FLOWER.arpSipMask, ARP),
  arp_tpa: key(FLOWER.arpTip, FLOWER.arpTipMask, ARP),
  arp_sha: key(FLOWER.arpSha, FLOWER.arpShaMask, ARP),
  arp_tha: key(FLOWER.arpTha, FLOWER.arpThaMask, ARP),
};
