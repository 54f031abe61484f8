import type { FlowActions } from '../model/action.ts';
import { type FieldMatch, type FieldName, type FlowMatch, isExact } from '../model/match.ts';
import { formatIpv4, formatIpv6, formatMac } from './address.ts';

/** Whom the packets of a flow are for; `any` when its match leaves that open. */
export const CASTS = ['unicast', 'multicast', 'broadcast', 'any'] as const;
export type Cast = (typeof CASTS)[number];

/** Protocols that a match can fix; `ip` and `other` where it fixes no more. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'ip', 'arp', 'other'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * What follows from a flow's match alone. A field has a value only when every bit of it must
 * match: a flow that matches 10.0.0.0/8 has no one source address.
 */
export interface MatchFacts {
  readonly cast: Cast;
  readonly matchedBits: number;
  readonly matchedFields: readonly FieldName[];
  readonly opaque: boolean;
  readonly protocol: Protocol | undefined;
  readonly ethSrc: string | undefined;
  readonly ethDst: string | undefined;
  readonly ethType: number | undefined;
  readonly vlanId: number | undefined;
  readonly ipv4Src: string | undefined;
  readonly ipv4Dst: string | undefined;
  readonly ipv6Src: string | undefined;
  readonly ipv6Dst: string | undefined;
  /** Address or prefix of either family, as `10.0.0.1` or `10.0.0.0/8`. */
  readonly ipSrc: string | undefined;
  readonly ipDst: string | undefined;
  readonly ipProto: number | undefined;
  readonly tcpSrc: number | undefined;
  readonly tcpDst: number | undefined;
  readonly udpSrc: number | undefined;
  readonly udpDst: number | undefined;
}

/** Remembers what was worked out for as long as the flow's match and actions live. */
export class MatchFactCache {
  readonly #matches = new WeakMap<FlowMatch, MatchFacts>();
  readonly #outputs = new WeakMap<FlowActions, readonly string[]>();

  of(match: FlowMatch): MatchFacts {
    let facts = this.#matches.get(match);
    if (facts === undefined) {
      facts = matchFacts(match);
      this.#matches.set(match, facts);
    }
    return facts;
  }

  outputsOf(actions: FlowActions): readonly string[] {
    let ports = this.#outputs.get(actions);
    if (ports === undefined) {
      ports = actions.flatMap((a) => (a.kind === 'output' ? [a.port] : []));
      this.#outputs.set(actions, ports);
    }
    return ports;
  }
}

/** Works out the facts of a match. */
export function matchFacts(match: FlowMatch): MatchFacts {
  const exact = new Map<FieldName, Uint8Array>();
  const fields = new Map(match.fields.map((f) => [f.field, f]));
  let matchedBits = 0;
  for (const f of match.fields) {
    matchedBits += bitsSet(f.mask);
    if (isExact(f)) exact.set(f.field, f.value);
  }
  return {
    cast: castOf(match),
    matchedBits,
    matchedFields: match.fields.map((f) => f.field),
    protocol: protocolOf(unsigned(exact.get('eth_type')), unsigned(exact.get('ip_proto'))),
    opaque: match.opaque.length > 0,
    ethSrc: text(exact.get('eth_src'), formatMac),
    ethDst: text(exact.get('eth_dst'), formatMac),
    ethType: unsigned(exact.get('eth_type')),
    vlanId: unsigned(exact.get('vlan_vid')),
    ipv4Src: text(exact.get('ipv4_src'), formatIpv4),
    ipv4Dst: text(exact.get('ipv4_dst'), formatIpv4),
    ipv6Src: text(exact.get('ipv6_src'), formatIpv6),
    ipv6Dst: text(exact.get('ipv6_dst'), formatIpv6),
    ipSrc: addressOrPrefix(fields.get('ipv4_src') ?? fields.get('ipv6_src')),
    ipDst: addressOrPrefix(fields.get('ipv4_dst') ?? fields.get('ipv6_dst')),
    ipProto: unsigned(exact.get('ip_proto')),
    tcpSrc: unsigned(exact.get('tcp_src')),
    tcpDst: unsigned(exact.get('tcp_dst')),
    udpSrc: unsigned(exact.get('udp_src')),
    udpDst: unsigned(exact.get('udp_dst')),
  };
}

/**
 * By the group bit of the destination MAC (IEEE 802-2014, 8.2.2); where that is a wildcard, by
 * the destination address: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291, 2.7).
 */
function castOf(match: FlowMatch): Cast {
  const fields = new Map(match.fields.map((f) => [f.field, f]));
  const mac = fields.get('eth_dst');
  if (mac !== undefined && (mac.mask[0] & 1) === 1) {
    if ((mac.value[0] & 1) === 0) return 'unicast';
    return mac.value.every((byte) => byte === 0xff) ? 'broadcast' : 'multicast';
  }
  const v4 = fields.get('ipv4_dst');
  if (v4 !== undefined && isExact(v4)) {
    if (v4.value.every((byte) => byte === 0xff)) return 'broadcast';
    return v4.value[0] >> 4 === 0xe ? 'multicast' : 'unicast';
  }
  const v6 = fields.get('ipv6_dst');
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

/** By ethertype (IEEE 802 numbers) and IP protocol (IANA protocol numbers). */
function protocolOf(
  ethType: number | undefined,
  ipProto: number | undefined,
): Protocol | undefined {
  if (ethType === undefined) return undefined;
  if (ethType === 0x0806) return 'arp';
  if (ethType !== 0x0800 && ethType !== 0x86dd) return 'other';
  return (ipProto === undefined ? undefined : IP_PROTOCOLS.get(ipProto)) ?? 'ip';
}

/** Undefined when the mask is no prefix: its bits are not all at the front. */
function addressOrPrefix(f: FieldMatch | undefined): string | undefined {
  if (f === undefined) return undefined;
  const address = f.value.length === 4 ? formatIpv4(f.value) : formatIpv6(f.value);
  const length = bitsSet(f.mask);
  if (length === f.mask.length * 8) return address;
  const isPrefix = f.mask.every(
    (byte, i) => byte === ((0xff00 >> Math.max(0, Math.min(8, length - i * 8))) & 0xff),
  );
  return isPrefix ? `${address}/${length}` : undefined;
}

function text(
  bytes: Uint8Array | undefined,
  format: (bytes: Uint8Array) => string,
): string | undefined {
  return bytes === undefined ? undefined : format(bytes);
}

function unsigned(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.reduce((n, byte) => n * 256 + byte, 0);
}

function bitsSet(bytes: Uint8Array): number {
  let n = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) n++;
  return n;
}
