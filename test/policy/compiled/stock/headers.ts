import {
  exactMask,
  type FieldMatch,
  type FieldName,
  fieldBytes,
  type FlowMatch,
} from '../../../../engine/model/match.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { numbersAround, type Values } from './judge.ts';
import { SUBNETS } from './comparisons.ts';
import { SMALL } from './quantities.ts';
import { PORT_NAMES, PROTOCOLS } from './subjects.ts';

/** One header field of a match: a value and the bits of it that must match. */
interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** A flow's match; undefined: the field is open. */
export interface Headers {
  readonly inPort: string;
  readonly ethType: number | undefined;
  readonly ipProto: number | undefined;
  /** No fragment, a later one, or open. */
  readonly ipFrag: 0 | 2 | undefined;
  /** Undefined: not tagged. */
  readonly vlanId: Masked | undefined;
  readonly tcpSrc: Masked | undefined;
  readonly tcpDst: Masked | undefined;
  readonly udpDst: Masked | undefined;
  readonly ipv4Src: Masked | undefined;
  readonly ipv4Dst: Masked | undefined;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** A random match; `exact`: every field that its packets have must match. */
export function headersOf(random: Seeded, exact: boolean): Headers {
  const ethType = exact ? IPV4 : random.pick([IPV4, IPV4, IPV4, IPV4, IPV6, 0x0806, undefined]);
  const isIp = ethType === IPV4 || ethType === IPV6;
  const ipProto = isIp ? random.pick(exact ? [6, 17] : [6, 6, 17, 17, 1, undefined]) : undefined;
  const ipFrag = isIp
    ? random.pick<0 | 2 | undefined>(exact ? [0] : [0, 0, 2, undefined])
    : undefined;
  const open = (): boolean => !exact && random.chance(0.3);
  const port = (protocol: number): Masked | undefined => {
    if (ipProto !== protocol || ipFrag === 2 || open()) return undefined;
    const value = random.pick([53, 80, 443, 8080, 65_535, 0]);
    return fewBits(random, value, 0xffff, exact);
  };
  const address = (): Masked | undefined => {
    if (ethType !== IPV4 || open()) return undefined;
    const value =
      ((10 << 24) | (random.below(3) << 16) | (random.below(2) << 8) | random.pick([0, 1, 255])) >>>
      0;
    if (exact || random.chance(0.5)) return { value, mask: 0xffff_ffff };
    if (random.chance(0.2)) return fewBits(random, value, 0xffff_ffff, false);
    const mask = (0xffff_ffff << (32 - random.pick([7, 8, 9, 15, 16, 17, 24, 31]))) >>> 0;
    return { value: (value & mask) >>> 0, mask };
  };
  return {
    inPort: random.pick(PORT_NAMES),
    ethType,
    ipProto,
    ipFrag,
    vlanId: random.chance(0.7)
      ? undefined
      : fewBits(random, random.pick([0, 1, 100, 4095]), 0xfff, exact),
    tcpSrc: port(6),
    tcpDst: port(6),
    udpDst: port(17),
    ipv4Src: address(),
    ipv4Dst: address(),
  };
}

/** A mask that leaves up to four bits open, all of which can be tried. */
function fewBits(random: Seeded, value: number, all: number, exact: boolean): Masked {
  let mask = all;
  const free = exact ? 0 : random.pick([0, 0, 1, 2, 4]);
  for (let i = 0; i < free; i++) mask = (mask & ~(1 << random.below(all > 0xffff ? 32 : 12))) >>> 0;
  return { value: (value & mask) >>> 0, mask };
}

/** The values of each header fact among the packets of the match. */
export function headerValues(headers: Headers): Readonly<Record<string, Values>> {
  const { ethType, ipProto, ipFrag, vlanId } = headers;
  const none: Values = [undefined];
  const isOpen = ethType === undefined;
  const isIp = ethType === IPV4 || ethType === IPV6;
  const ports = (protocol: number, field: Masked | undefined): Values => {
    if (field !== undefined) return numbersIn(field);
    if (!isIp && !isOpen) return none;
    if (ipProto !== undefined && ipProto !== protocol) return none;
    const certain = isIp && ipProto === protocol && ipFrag === 0;
    return certain ? ANY_PORT : [...ANY_PORT, undefined];
  };
  const addresses = (field: Masked | undefined): Values => {
    if (field !== undefined) return addressesIn(field);
    if (ethType === IPV4) return ANY_IPV4;
    return isOpen ? [...ANY_IPV4, undefined] : none;
  };
  const dst = addresses(headers.ipv4Dst);
  const v6 = ['::', 'fd00::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
  return {
    inPort: [headers.inPort],
    ethType: isOpen ? ANY_PORT : [ethType],
    protocol: protocolsOf(headers),
    vlanId: vlanId === undefined ? none : numbersIn(vlanId),
    ipProto:
      ipProto !== undefined
        ? [ipProto]
        : isIp
          ? ANY_PROTO
          : isOpen
            ? [...ANY_PROTO, undefined]
            : none,
    tcpSrc: ports(6, headers.tcpSrc),
    tcpDst: ports(6, headers.tcpDst),
    udpDst: ports(17, headers.udpDst),
    ipv4Src: addresses(headers.ipv4Src),
    ipv4Dst: dst,
    ipDst: ethType === IPV6 ? v6 : isOpen ? [...ANY_IPV4, ...v6, undefined] : dst,
  };
}

function protocolsOf({ ethType, ipProto }: Headers): readonly string[] {
  if (ethType === undefined) return PROTOCOLS;
  if (ethType === 0x0806) return ['arp'];
  const named = ipProto === undefined ? undefined : { 1: 'icmp', 6: 'tcp', 17: 'udp' }[ipProto];
  return named === undefined ? PROTOCOLS.slice(0, 6) : [named];
}

const ANY_PORT = numbersAround([...SMALL, IPV4, IPV6, 0x0806], 65_535);
const ANY_PROTO = numbersAround(SMALL, 255);
const ANY_IPV4 = addressesIn({ value: 0, mask: 0 });

/** Every number with these bits. */
function numbersIn({ value, mask }: Masked): readonly number[] {
  const all = mask > 0xfff ? 0xffff : 0xfff;
  return Array.from({ length: all + 1 }, (_, n) => n).filter((n) => (n & mask) === value);
}

/** Both ends of the addresses with these bits, and of each subnet that a policy can name. */
function addressesIn({ value, mask }: Masked): readonly string[] {
  const ends = SUBNETS.flatMap((text) => {
    const [address, bits = '32'] = text.split('/');
    const low = address.split('.').reduce((n, byte) => n * 256 + Number(byte), 0);
    const high = low + 2 ** (32 - Number(bits)) - 1;
    return [low - 1, low, high, high + 1];
  });
  const inside = [...ends.map((n) => ((n & ~mask) | value) >>> 0), value, (value | ~mask) >>> 0];
  return [...new Set([...ends.filter((n) => (n & mask) >>> 0 === value), ...inside])].map((n) =>
    [24, 16, 8, 0].map((shift) => (n >>> shift) & 0xff).join('.'),
  );
}

/** Match of a flow with these headers. */
export function matchOf(headers: Headers): FlowMatch {
  const { inPort, ethType, ipProto, ipFrag, vlanId } = headers;
  const fields = [
    ...(vlanId === undefined ? [] : [exact('vlan_tpid', 0x8100), masked('vlan_vid', vlanId)]),
    ...(ethType === undefined ? [] : [exact('eth_type', ethType)]),
    ...optional('ipv4_src', headers.ipv4Src),
    ...optional('ipv4_dst', headers.ipv4Dst),
    ...(ipProto === undefined ? [] : [exact('ip_proto', ipProto)]),
    ...(ipFrag === undefined ? [] : [exact('ip_frag', ipFrag)]),
    ...optional('tcp_src', headers.tcpSrc),
    ...optional('tcp_dst', headers.tcpDst),
    ...optional('udp_dst', headers.udpDst),
  ];
  return { inPort, fields, opaque: [] };
}

function optional(field: FieldName, value: Masked | undefined): FieldMatch[] {
  return value === undefined || value.mask === 0 ? [] : [masked(field, value)];
}

function masked(field: FieldName, { value, mask }: Masked): FieldMatch {
  return {
    field,
    value: bigEndian(value, fieldBytes(field)),
    mask: bigEndian(mask, fieldBytes(field)),
  };
}

function exact(field: FieldName, value: number): FieldMatch {
  return { field, value: bigEndian(value, fieldBytes(field)), mask: exactMask(field) };
}

function bigEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => value >>> (8 * (length - 1 - i)));
}
