import {
  exactMask,
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  fieldBytes,
  type FlowMatch,
  type OpaqueMatch,
} from '../../engine/model/match.ts';
import { MAC } from '../../policy/model/region.ts';
import { maskByte, parseSubnet } from '../../policy/model/subnet.ts';

/** The ethertype and IP protocol that a protocol name stands for. */
const PROTOCOLS: ReadonlyMap<string, readonly [type: number, protocol?: number]> = new Map([
  ['ip', [0x0800]],
  ['icmp', [0x0800, 1]],
  ['tcp', [0x0800, 6]],
  ['udp', [0x0800, 17]],
  ['sctp', [0x0800, 132]],
  ['ipv6', [0x86dd]],
  ['icmp6', [0x86dd, 58]],
  ['tcp6', [0x86dd, 6]],
  ['udp6', [0x86dd, 17]],
  ['sctp6', [0x86dd, 132]],
  ['arp', [0x0806]],
]);

/**
 * The match that `describeMatch` (views/describe-flow.ts) describes. Fields that it omits are added:
 * an IP packet is not a fragment, and the TPID of a VLAN tag is 0x8100. Undefined if the text is
 * not such a description.
 */
export function parseMatch(text: string): FlowMatch | undefined {
  const [port, ...parts] = text.split(/,(?![^(]*\))/);
  if (!port.startsWith('in_port=')) return undefined;
  const fields = new Map<FieldName, FieldMatch>();
  const opaque: OpaqueMatch[] = [];
  for (const part of parts) {
    const protocol = PROTOCOLS.get(part);
    if (protocol !== undefined) addProtocol(fields, ...protocol);
    else if (!addField(fields, part) && !addOpaque(opaque, part)) return undefined;
  }
  const isIp = [0x0800, 0x86dd].some((type) => isExactly(fields.get('eth_type'), type));
  if (isIp && !fields.has('ip_frag')) add(fields, 'ip_frag', '0');
  const isTagged = fields.has('vlan_vid') || fields.has('vlan_pcp');
  if (isTagged && !fields.has('vlan_tpid')) add(fields, 'vlan_tpid', '0x8100');
  const order: readonly string[] = Object.keys(FIELD_BITS);
  const sorted = [...fields.values()].sort(
    (a, b) => order.indexOf(a.field) - order.indexOf(b.field),
  );
  return { inPort: port.slice('in_port='.length), fields: sorted, opaque };
}

function addProtocol(fields: Map<FieldName, FieldMatch>, type: number, protocol?: number): void {
  add(fields, 'eth_type', String(type));
  if (protocol !== undefined) add(fields, 'ip_proto', String(protocol));
}

/** Adds a part such as `ipv4_dst=10.0.0.0/8`; false for any other text. */
function addField(fields: Map<FieldName, FieldMatch>, part: string): boolean {
  const [name, text] = part.split('=', 2);
  return isField(name) && text !== undefined && add(fields, name, text);
}

/** Adds a part such as `ct_state(+trk)`; false for any other text. */
function addOpaque(opaque: OpaqueMatch[], part: string): boolean {
  const { name, text } = /^(?<name>\w+)\((?<text>.*)\)$/.exec(part)?.groups ?? {};
  if (name === undefined || text === undefined) return false;
  opaque.push({ name, text });
  return true;
}

function add(fields: Map<FieldName, FieldMatch>, field: FieldName, text: string): boolean {
  const [value, mask, ...more] = text.split('/');
  const bytes = bytesOf(field, value);
  const bits = mask === undefined ? exactMask(field) : maskOf(field, mask);
  if (bytes === undefined || bits === undefined || more.length > 0) return false;
  fields.set(field, { field, value: bytes.map((byte, i) => byte & bits[i]), mask: bits });
  return true;
}

/** Undefined also for a mask without bits, which no match has. */
function maskOf(field: FieldName, text: string): Uint8Array | undefined {
  const length = fieldBytes(field);
  const isPrefix = isAddress(field) && /^\d+$/.test(text);
  const mask = isPrefix
    ? Uint8Array.from({ length }, (_, i) => maskByte(Number(text), i))
    : (hexadecimalBytes(text, length) ?? bytesOf(field, text));
  return mask?.some((byte) => byte !== 0) === true ? mask : undefined;
}

function bytesOf(field: FieldName, text: string): Uint8Array | undefined {
  const length = fieldBytes(field);
  if (FIELD_BITS[field] === 48) return MAC.parse(text);
  if (isAddress(field)) {
    const bytes = parseSubnet(text)?.bytes;
    return bytes?.length === length ? bytes : undefined;
  }
  const number = /^(0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(number < 2 ** FIELD_BITS[field])) return undefined;
  return Uint8Array.from({ length }, (_, i) => Math.floor(number / 256 ** (length - 1 - i)) % 256);
}

/** `0xfff0` as bytes; undefined if the text is not such a number or has more bytes. */
function hexadecimalBytes(text: string, length: number): Uint8Array | undefined {
  const digits = /^0x([0-9a-f]+)$/.exec(text)?.[1].padStart(length * 2, '0');
  return digits?.length === length * 2 ? Uint8Array.from(Buffer.from(digits, 'hex')) : undefined;
}

function isAddress(field: FieldName): boolean {
  return FIELD_BITS[field] === 128 || FIELD_BITS[field] === 32;
}

function isExactly(field: FieldMatch | undefined, type: number): boolean {
  const [high, low] = field?.value ?? [];
  return high * 256 + low === type && field?.mask.every((byte) => byte === 0xff) === true;
}

function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELD_BITS, name);
}
