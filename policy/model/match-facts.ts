import type { FlowActions } from '../../engine/model/action.ts';
import {
  type FieldMatch,
  type FieldName,
  fieldOf,
  type FlowMatch,
  isExact,
} from '../../engine/model/match.ts';
import { formatIpv4, formatIpv6, formatMac } from './address.ts';
import type { Subnet } from './subnet.ts';

/** Kinds of destination; `any` if the match leaves it open. */
export const CASTS = ['unicast', 'multicast', 'broadcast', 'any'] as const;
export type Cast = (typeof CASTS)[number];

/** Protocols that a match can determine; `ip` and `other` if it determines no more. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'ip', 'arp', 'other'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Facts of a flow's match. A field has a value only if the flow matches every bit of it: a flow
 * that matches 10.0.0.0/8 has no single source address.
 *
 * Values are computed on access, because most rules use one or two fields.
 */
export class MatchFacts {
  readonly #match: FlowMatch;

  constructor(match: FlowMatch) {
    this.#match = match;
  }

  get cast(): Cast {
    return castOf(this.#match);
  }

  get matchedBits(): number {
    return this.#match.fields.reduce((bits, field) => bits + bitsSet(field.mask), 0);
  }

  get matchedFields(): readonly FieldName[] {
    return this.#match.fields.map((f) => f.field);
  }

  get opaque(): boolean {
    return this.#match.opaque.length > 0;
  }

  get protocol(): Protocol | undefined {
    return protocolOf(this.ethType, this.ipProto);
  }

  get ethSrc(): string | undefined {
    return this.#text('eth_src', formatMac);
  }

  get ethDst(): string | undefined {
    return this.#text('eth_dst', formatMac);
  }

  get ethType(): number | undefined {
    return this.#number('eth_type');
  }

  get vlanId(): number | undefined {
    return this.#number('vlan_vid');
  }

  get ipv4Src(): string | undefined {
    return this.#text('ipv4_src', formatIpv4);
  }

  get ipv4Dst(): string | undefined {
    return this.#text('ipv4_dst', formatIpv4);
  }

  get ipv6Src(): string | undefined {
    return this.#text('ipv6_src', formatIpv6);
  }

  get ipv6Dst(): string | undefined {
    return this.#text('ipv6_dst', formatIpv6);
  }

  /** Address or prefix of either family, as `10.0.0.1` or `10.0.0.0/8`. */
  get ipSrc(): string | undefined {
    return subnetText(this.srcSubnet);
  }

  get ipDst(): string | undefined {
    return subnetText(this.dstSubnet);
  }

  /** {@link ipSrc} as a subnet. */
  get srcSubnet(): Subnet | undefined {
    return subnetOf(fieldOf(this.#match, 'ipv4_src') ?? fieldOf(this.#match, 'ipv6_src'));
  }

  get dstSubnet(): Subnet | undefined {
    return subnetOf(fieldOf(this.#match, 'ipv4_dst') ?? fieldOf(this.#match, 'ipv6_dst'));
  }

  get ipProto(): number | undefined {
    return this.#number('ip_proto');
  }

  get tcpSrc(): number | undefined {
    return this.#number('tcp_src');
  }

  get tcpDst(): number | undefined {
    return this.#number('tcp_dst');
  }

  get udpSrc(): number | undefined {
    return this.#number('udp_src');
  }

  get udpDst(): number | undefined {
    return this.#number('udp_dst');
  }

  #text(name: FieldName, format: (bytes: Uint8Array) => string): string | undefined {
    const field = fieldOf(this.#match, name);
    return field !== undefined && isExact(field) ? format(field.value) : undefined;
  }

  #number(name: FieldName): number | undefined {
    const field = fieldOf(this.#match, name);
    return field !== undefined && isExact(field) ? unsigned(field.value) : undefined;
  }
}

/** Caches output ports by actions object. */
export class OutputCache {
  readonly #outputs = new WeakMap<FlowActions, readonly string[]>();

  /** Output ports of the actions, in order. */
  of(actions: FlowActions): readonly string[] {
    let ports = this.#outputs.get(actions);
    if (ports === undefined) {
      ports = actions.flatMap((a) => (a.kind === 'output' ? [a.port] : []));
      this.#outputs.set(actions, ports);
    }
    return ports;
  }
}

/**
 * From the group bit of the destination MAC (IEEE 802-2014, 8.2.2) or, if that is a wildcard, from
 * the destination address: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291, 2.7).
 */
function castOf(match: FlowMatch): Cast {
  const mac = fieldOf(match, 'eth_dst');
  if (mac !== undefined && (mac.mask[0] & 1) === 1) {
    if ((mac.value[0] & 1) === 0) return 'unicast';
    return mac.value.every((byte) => byte === 0xff) ? 'broadcast' : 'multicast';
  }
  const v4 = fieldOf(match, 'ipv4_dst');
  if (v4 !== undefined && isExact(v4)) {
    if (v4.value.every((byte) => byte === 0xff)) return 'broadcast';
    return v4.value[0] >> 4 === 0xe ? 'multicast' : 'unicast';
  }
  const v6 = fieldOf(match, 'ipv6_dst');
  if (v6 !== undefined && v6.mask[0] === 0xff) {
    return v6.value[0] === 0xff ? 'multicast' : 'unicast';
  }
  return 'any';
}

const IP_PROTOCOLS: ReadonlyMap<number, Protocol> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** From ethertype (IEEE 802 numbers) and IP protocol (IANA protocol numbers). */
function protocolOf(
  ethType: number | undefined,
  ipProto: number | undefined,
): Protocol | undefined {
  if (ethType === undefined) return undefined;
  if (ethType === 0x0806) return 'arp';
  if (ethType !== 0x0800 && ethType !== 0x86dd) return 'other';
  return (ipProto === undefined ? undefined : IP_PROTOCOLS.get(ipProto)) ?? 'ip';
}

/** Undefined if the mask is not a prefix. */
function subnetOf(f: FieldMatch | undefined): Subnet | undefined {
  if (f === undefined) return undefined;
  const length = bitsSet(f.mask);
  const isPrefix = f.mask.every(
    (byte, i) => byte === ((0xff00 >> Math.max(0, Math.min(8, length - i * 8))) & 0xff),
  );
  return isPrefix ? { bytes: f.value, length } : undefined;
}

function subnetText(subnet: Subnet | undefined): string | undefined {
  if (subnet === undefined) return undefined;
  const { bytes, length } = subnet;
  const address = bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes);
  return length === bytes.length * 8 ? address : `${address}/${length}`;
}

function unsigned(bytes: Uint8Array): number {
  let n = 0;
  for (const byte of bytes) n = n * 256 + byte;
  return n;
}

function bitsSet(bytes: Uint8Array): number {
  let n = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) n++;
  return n;
}
