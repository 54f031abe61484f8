import { type FieldName, fieldOf, type FlowMatch, isExact } from '../../engine/model/match.ts';
import {
  etherTypes,
  exactNumber,
  ipProtocols,
  kindsOf,
  mayHaveProtocol,
  mayLackPorts,
} from './header-knowledge.ts';
import { type Known, Possible, type PossiblePart } from './possible.ts';
import { anyOf, type HeaderForm, IPV4, IPV6, MAC, NUMBER_12, NUMBER_16, Region } from './region.ts';
import { parseSubnet } from './subnet.ts';

/** Kinds of destination. */
export const CASTS = ['unicast', 'multicast', 'broadcast'] as const;
export type Cast = (typeof CASTS)[number];

/** Protocols; `ip`: another IP protocol, `other`: another ethertype. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'ip', 'arp', 'other'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

const IP_PROTOCOLS: ReadonlyMap<number, Protocol> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** The values that the match allows in the headers of a flow's packets. */
export class PacketValues {
  readonly #match: FlowMatch;

  constructor(match: FlowMatch) {
    this.#match = match;
  }

  get ethSrc(): Known {
    return this.#field('eth_src', MAC, always);
  }

  get ethDst(): Known {
    return this.#field('eth_dst', MAC, always);
  }

  get ethType(): Known {
    return exactNumber(this.#match, 'eth_type') ?? known([etherTypes(this.#match)]);
  }

  /** A match has the tag's TPID if and only if the packets are tagged. */
  get vlanId(): Known {
    const tagged = ['vlan_tpid', 'vlan_vid', 'vlan_pcp'] as const;
    const is = tagged.some((field) => fieldOf(this.#match, field) !== undefined);
    return is ? this.#field('vlan_vid', NUMBER_12, always) : undefined;
  }

  get ipProto(): Known {
    const exact = exactNumber(this.#match, 'ip_proto');
    if (exact !== undefined) return exact;
    const { can, must } = this.#ip();
    return can ? known([ipProtocols(this.#match), ...(must ? [] : [undefined])]) : undefined;
  }

  get ipv4Src(): Known {
    return this.#field('ipv4_src', IPV4, () => this.#family('ipv4'));
  }

  get ipv4Dst(): Known {
    return this.#field('ipv4_dst', IPV4, () => this.#family('ipv4'));
  }

  get ipv6Src(): Known {
    return this.#field('ipv6_src', IPV6, () => this.#family('ipv6'));
  }

  get ipv6Dst(): Known {
    return this.#field('ipv6_dst', IPV6, () => this.#family('ipv6'));
  }

  get ipSrc(): Known {
    return this.#address('ipv4_src', 'ipv6_src');
  }

  get ipDst(): Known {
    return this.#address('ipv4_dst', 'ipv6_dst');
  }

  get tcpSrc(): Known {
    return this.#field('tcp_src', NUMBER_16, () => this.#transport(6));
  }

  get tcpDst(): Known {
    return this.#field('tcp_dst', NUMBER_16, () => this.#transport(6));
  }

  get udpSrc(): Known {
    return this.#field('udp_src', NUMBER_16, () => this.#transport(17));
  }

  get udpDst(): Known {
    return this.#field('udp_dst', NUMBER_16, () => this.#transport(17));
  }

  get protocol(): Known {
    const kinds = kindsOf(this.#match);
    const names: Protocol[] = [];
    if (kinds.ipv4 || kinds.ipv6) {
      const protocols = ipProtocols(this.#match);
      const named = [...IP_PROTOCOLS].filter(([number]) => protocols.includes(number));
      names.push(...named.map(([, name]) => name));
      if (2 ** protocols.freeBits > named.length) names.push('ip');
    }
    if (kinds.arp) names.push('arp');
    if (kinds.other) names.push('other');
    return known(names);
  }

  /**
   * From the group bit of the destination MAC (IEEE 802-2014, 8.2.2) or, if the match leaves that
   * open, from the destination address: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291, 2.7).
   */
  get cast(): Known {
    const mac = fieldOf(this.#match, 'eth_dst');
    if (mac !== undefined && (mac.mask[0] & 1) === 1) {
      if ((mac.value[0] & 1) === 0) return 'unicast';
      return known(castsOf(new Region(MAC, mac.value, mac.mask)));
    }
    const v4 = fieldOf(this.#match, 'ipv4_dst');
    if (v4 !== undefined) return known(castsOf(new Region(IPV4, v4.value, v4.mask)));
    const v6 = fieldOf(this.#match, 'ipv6_dst');
    return known(v6 === undefined ? CASTS : castsOf(new Region(IPV6, v6.value, v6.mask)));
  }

  /** Values of a field that only some of the packets have. */
  #field(name: FieldName, form: HeaderForm, presence: () => Presence): Known {
    const field = fieldOf(this.#match, name);
    if (field !== undefined) {
      if (isExact(field)) return form.format(field.value);
      return known([new Region(form, field.value, field.mask)]);
    }
    const { can, must } = presence();
    if (!can) return undefined;
    return known([anyOf(form), ...(must ? [] : [undefined])]);
  }

  #address(v4: FieldName, v6: FieldName): Known {
    const kinds = kindsOf(this.#match);
    const parts = [
      { name: v4, form: IPV4, can: kinds.ipv4 || kinds.enveloped },
      { name: v6, form: IPV6, can: kinds.ipv6 || kinds.enveloped },
    ].flatMap(({ name, form, can }) => {
      const field = fieldOf(this.#match, name);
      if (field !== undefined) return [new Region(form, field.value, field.mask)];
      return can ? [anyOf(form)] : [];
    });
    return known(kinds.arp || kinds.other ? [...parts, undefined] : parts);
  }

  #family(family: 'ipv4' | 'ipv6'): Presence {
    const kinds = kindsOf(this.#match);
    const others = family === 'ipv4' ? kinds.ipv6 : kinds.ipv4;
    const can = kinds[family] || kinds.enveloped;
    return { can, must: can && !others && !kinds.arp && !kinds.other };
  }

  #ip(): Presence {
    const kinds = kindsOf(this.#match);
    const can = kinds.ipv4 || kinds.ipv6 || kinds.enveloped;
    return { can, must: can && !kinds.arp && !kinds.other };
  }

  #transport(protocol: number): Presence {
    const { can, must } = this.#ip();
    if (!can || !mayHaveProtocol(this.#match, protocol)) return { can: false, must: false };
    const certain = ipProtocols(this.#match).freeBits === 0 && !mayLackPorts(this.#match);
    return { can: true, must: must && certain };
  }
}

/** Whether packets can have a header, and whether all of them do. */
interface Presence {
  readonly can: boolean;
  readonly must: boolean;
}

const always = (): Presence => ({ can: true, must: true });

const GROUPS: ReadonlyMap<HeaderForm, { readonly multicast: string; readonly broadcast: string }> =
  new Map([
    [IPV4, { multicast: '224.0.0.0/4', broadcast: '255.255.255.255' }],
    [IPV6, { multicast: 'ff00::/8', broadcast: '' }],
  ]);

/** Kinds of destination in a region of MAC addresses with the group bit, or of IP addresses. */
function castsOf(region: Region): readonly Cast[] {
  const single = region.freeBits === 0;
  if (region.form === MAC) {
    const broadcast = region.includes('ff:ff:ff:ff:ff:ff');
    if (!broadcast) return ['multicast'];
    return single ? ['broadcast'] : ['multicast', 'broadcast'];
  }
  const groups = GROUPS.get(region.form);
  const subnet = parseSubnet(groups?.multicast ?? '');
  const multicast = subnet === undefined ? 'none' : region.inSubnet(subnet);
  const broadcast = region.includes(groups?.broadcast);
  return [
    ...(multicast === 'all' || (single && broadcast) ? [] : ['unicast' as const]),
    ...(multicast === 'none' ? [] : ['multicast' as const]),
    ...(broadcast ? ['broadcast' as const] : []),
  ];
}

/** A value that all packets have, or the parts. */
function known(parts: readonly PossiblePart[]): Known {
  if (parts.length > 1) return new Possible(parts);
  const [only] = parts;
  if (!(only instanceof Region)) return only;
  return only.freeBits === 0 ? only.lowest : new Possible(parts);
}
