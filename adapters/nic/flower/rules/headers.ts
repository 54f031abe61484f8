import { type FieldName, type FlowMatch, fieldOf } from '../../../../engine/model/match.ts';
import { exactNumber } from '../../core/match-codec.ts';

/** Ethertypes, as numbers. */
export const ETH = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
/** IP protocols. */
export const IP_PROTO = { icmp: 1, tcp: 6, udp: 17, fragment: 44, icmpv6: 58, sctp: 132 } as const;
/** Values of the field `ip_frag`. */
export const IP_FRAG = { no: 0, first: 1, later: 2 } as const;

const VLAN_TPIDS: readonly number[] = [0x8100, 0x88a8];
/** Smaller ones are lengths of IEEE 802.3 frames, which have no ethertype. */
const MIN_ETHERTYPE = 0x600;
/** Tags that `flower` reads. */
const MAX_TAGS = 2;

/** The headers that all packets of a flow have. */
export interface FlowHeaders {
  /** TPIDs of the VLAN tags, the outer one first. */
  readonly tags: readonly number[];
  /** Ethertype behind the tags; it can be that of a further tag, which is not matched. */
  readonly ethType: number;
  /** undefined: it is not matched. */
  readonly ipProto: number | undefined;
  /** {@link IP_FRAG}; undefined: it is not matched. */
  readonly ipFrag: number | undefined;
}

const TAG_FIELDS: readonly {
  readonly tpid: FieldName;
  readonly others: readonly FieldName[];
}[] = [
  { tpid: 'vlan_tpid', others: ['vlan_vid', 'vlan_pcp'] },
  { tpid: 'cvlan_tpid', others: ['cvlan_vid', 'cvlan_pcp'] },
];

/** Reads the headers of a flow; returns why `flower` cannot match them. */
export function headersOf(match: FlowMatch): FlowHeaders | string {
  const ethType = exactNumber(match, 'eth_type');
  if (ethType === undefined || ethType < MIN_ETHERTYPE) return 'no exact ethertype is matched';
  const tags: number[] = [];
  for (const [depth, { tpid, others }] of TAG_FIELDS.entries()) {
    if (fieldOf(match, tpid) === undefined) {
      const without = others.find((field) => fieldOf(match, field) !== undefined);
      if (without !== undefined) return `${without} is matched without a VLAN tag`;
      continue;
    }
    const exact = exactNumber(match, tpid);
    if (exact === undefined || !VLAN_TPIDS.includes(exact)) {
      return 'the VLAN tag is not exactly 0x8100 or 0x88a8';
    }
    if (tags.length < depth) return 'the inner VLAN tag is matched without the outer one';
    tags.push(exact);
  }
  if (VLAN_TPIDS.includes(ethType)) {
    if (tags.length === 0) return 'the packets have a VLAN tag that the match does not describe';
    if (tags.length === MAX_TAGS) return 'the packets have a third VLAN tag';
  }
  return {
    tags,
    ethType,
    ipProto: exactNumber(match, 'ip_proto'),
    ipFrag: exactNumber(match, 'ip_frag'),
  };
}

/** Number of VLAN tags that a flow's packets have at least. */
export function tagCount({ tags, ethType }: FlowHeaders): number {
  return tags.length + (VLAN_TPIDS.includes(ethType) ? 1 : 0);
}

export function isVlan(ethType: number): boolean {
  return VLAN_TPIDS.includes(ethType);
}

export function isIp({ ethType }: FlowHeaders): boolean {
  return ethType === ETH.ipv4 || ethType === ETH.ipv6;
}
