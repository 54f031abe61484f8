import { isIPv4, isIPv6 } from 'node:net';
import type { FlowActions } from '../engine/model/action.ts';
import {
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  type FlowMatch,
  fieldBytes,
} from '../engine/model/match.ts';

/** A flow described by its headers and outputs; names are those of the facts. */
export interface FlowHeaders {
  readonly inPort: string;
  /** Empty: the flow is dropped. */
  readonly outPorts: readonly string[];
  /** Values of header facts, such as `tcpDst`; addresses may have a prefix length. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** True for a flow with a match that only the vSwitch supports. */
  readonly opaque: boolean;
}

/** The value of a header is invalid. */
export class HeaderError extends Error {
  override readonly name = 'HeaderError';
  /** Fact that the message is about. */
  readonly fact: string;

  constructor(fact: string, message: string) {
    super(message);
    this.fact = fact;
  }
}

/** The match field of each header fact. */
const FIELDS = {
  ethSrc: 'eth_src',
  ethDst: 'eth_dst',
  ethType: 'eth_type',
  vlanId: 'vlan_vid',
  ipProto: 'ip_proto',
  ipv4Src: 'ipv4_src',
  ipv4Dst: 'ipv4_dst',
  ipv6Src: 'ipv6_src',
  ipv6Dst: 'ipv6_dst',
  tcpSrc: 'tcp_src',
  tcpDst: 'tcp_dst',
  udpSrc: 'udp_src',
  udpDst: 'udp_dst',
} as const satisfies Readonly<Record<string, FieldName>>;

const FIELD_OF: ReadonlyMap<string, FieldName> = new Map(Object.entries(FIELDS));

/** Facts of either address family, with the fields of IPv4 and IPv6. */
const EITHER: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['ipSrc', ['ipv4Src', 'ipv6Src']],
  ['ipDst', ['ipv4Dst', 'ipv6Dst']],
]);

/** Facts that {@link flowMatch} accepts. */
export const HEADER_FACTS: readonly string[] = [...FIELD_OF.keys(), ...EITHER.keys(), 'cast'];

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TCP = 6;
const UDP = 17;
const GROUPS: Readonly<Record<string, string>> = {
  broadcast: 'ff:ff:ff:ff:ff:ff',
  multicast: '01:00:5e:00:00:01',
  unicast: '02:00:00:00:00:02',
};

/**
 * The flow's match. Prerequisites are added: a TCP port makes it TCP, a VLAN makes it tagged, a
 * cast gives it a destination MAC; and it is IPv4 unless an ethertype or null is given.
 *
 * @throws {HeaderError}
 */
export function flowMatch(flow: FlowHeaders): FlowMatch {
  const headers = withImplied(flow.headers);
  const fields: FieldMatch[] = [];
  for (const [fact, value] of headers) {
    const field = FIELD_OF.get(fact);
    if (field !== undefined) fields.push(fieldMatch(fact, field, value));
  }
  if (headers.has('vlanId')) fields.push(exactly('vlan_tpid', unsigned(0x8100, 2)));
  const order = Object.keys(FIELD_BITS);
  fields.sort((a, b) => order.indexOf(a.field) - order.indexOf(b.field));
  const opaque = flow.opaque ? [{ name: 'ct_state', text: '+est+trk' }] : [];
  return { inPort: flow.inPort, fields, opaque };
}

/** The flow's actions: an output to each of its ports. */
export function flowActions(flow: FlowHeaders): FlowActions {
  return flow.outPorts.map((port) => ({ kind: 'output', port }));
}

function withImplied(given: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const headers = new Map(
    Object.entries(given).flatMap(([fact, value]): [string, unknown][] =>
      value === null ? [] : [[familyOf(fact, value), value]],
    ),
  );
  const imply = (fact: string, value: unknown): void => {
    if (!headers.has(fact) && given[fact] !== null) headers.set(fact, value);
  };
  const some = (...facts: readonly string[]): boolean => facts.some((f) => headers.has(f));
  if (some('tcpSrc', 'tcpDst')) imply('ipProto', TCP);
  if (some('udpSrc', 'udpDst')) imply('ipProto', UDP);
  if (some('ipv6Src', 'ipv6Dst')) imply('ethType', IPV6);
  imply('ethType', IPV4);
  const cast = headers.get('cast');
  if (typeof cast === 'string' && Object.hasOwn(GROUPS, cast)) imply('ethDst', GROUPS[cast]);
  return headers;
}

/** The fact of one family for an address of either. */
function familyOf(fact: string, value: unknown): string {
  const families = EITHER.get(fact);
  if (families === undefined) return fact;
  const [v4, v6] = families;
  return typeof value === 'string' && value.includes(':') ? v6 : v4;
}

function fieldMatch(fact: string, field: FieldName, value: unknown): FieldMatch {
  if (typeof value === 'number') {
    const bits = FIELD_BITS[field];
    if (bits > 16 || !Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
      throw new HeaderError(fact, `"${fact}" cannot be ${value}; ${wanted(field)}`);
    }
    return exactly(field, unsigned(value, fieldBytes(field)));
  }
  const bytes = typeof value === 'string' ? textBytes(field, value) : undefined;
  if (bytes !== undefined) return bytes;
  throw new HeaderError(fact, `"${fact}" cannot be ${JSON.stringify(value)}; ${wanted(field)}`);
}

function wanted(field: FieldName): string {
  const bits = FIELD_BITS[field];
  if (bits === 48) return 'it is a MAC address such as "52:54:00:12:34:56"';
  if (bits === 32) return 'it is an IPv4 address or prefix such as "10.0.0.1" or "10.0.0.0/8"';
  if (bits === 128) return 'it is an IPv6 address or prefix such as "fd00::1" or "fd00::/8"';
  return `it is a whole number from 0 to ${2 ** bits - 1}`;
}

function textBytes(field: FieldName, text: string): FieldMatch | undefined {
  const bits = FIELD_BITS[field];
  if (bits === 48) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return undefined;
    return exactly(
      field,
      Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16)),
    );
  }
  const [address, prefix, more] = text.split('/');
  const length = prefix === undefined ? bits : Number(prefix);
  const is = bits === 32 ? isIPv4(address) : bits === 128 && isIPv6(address);
  if (!is || more !== undefined || !/^\d*$/.test(prefix ?? '') || length < 1 || length > bits) {
    return undefined;
  }
  return prefixed(field, bits === 32 ? ipv4Bytes(address) : ipv6Bytes(address), length);
}

function exactly(field: FieldName, value: Uint8Array): FieldMatch {
  return prefixed(field, value, FIELD_BITS[field]);
}

/** The `length` highest bits of a field must match. */
function prefixed(field: FieldName, bytes: Uint8Array, length: number): FieldMatch {
  const spare = bytes.length * 8 - FIELD_BITS[field];
  const mask = bytes.map((_, i) => {
    const ones = Math.min(8, Math.max(0, length + spare - i * 8));
    const byte = (0xff << (8 - ones)) & 0xff;
    return i === 0 ? byte & (0xff >> spare) : byte;
  });
  return { field, value: bytes.map((byte, i) => byte & mask[i]), mask };
}

function unsigned(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256);
}

function ipv4Bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number);
}

/** A valid address (RFC 4291, 2.2), possibly with a dotted end. */
function ipv6Bytes(address: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain =
    dotted === null
      ? address
      : `${dotted[1]}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`;
  const [head, tail] = plain.split('::').map((part) => part.split(':').filter((g) => g !== ''));
  const gap = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...(tail ?? [])];
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

function hexPair(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
