import { AttributeIndex } from './attribute-index.ts';
import {
  DECIMAL,
  HEXADECIMAL,
  hex,
  hexBytes,
  IPV4,
  IPV6,
  isOnes,
  isZero,
  joined,
  maskedPart,
  type Notation,
  TUNNEL_ID,
} from './masked-text.ts';

/** `OVS_TUNNEL_KEY_ATTR_*`. */
const TUNNEL = {
  id: 0,
  doNotFragment: 5,
  checksum: 6,
  oam: 7,
  geneve: 8,
  vxlan: 11,
  padding: 14,
  erspan: 15,
} as const;
const MAX_TUNNEL = 17;

/** Attributes with one value. */
const PARTS: ReadonlyMap<number, readonly [name: string, bytes: number, notation: Notation]> =
  new Map([
    [TUNNEL.id, ['tun_id', 8, TUNNEL_ID]],
    [1, ['src', 4, IPV4]],
    [2, ['dst', 4, IPV4]],
    [3, ['tos', 1, HEXADECIMAL]],
    [4, ['ttl', 1, DECIMAL]],
    [9, ['tp_src', 2, DECIMAL]],
    [10, ['tp_dst', 2, DECIMAL]],
    [12, ['ipv6_src', 16, IPV6]],
    [13, ['ipv6_dst', 16, IPV6]],
  ]);

/** Flags in the order of their bits: `flow_tun_flag_to_string` (lib/flow.c). */
const FLAGS: readonly (readonly [name: string, type: number])[] = [
  ['oam', TUNNEL.oam],
  ['df', TUNNEL.doNotFragment],
  ['csum', TUNNEL.checksum],
  ['key', TUNNEL.id],
];

const VXLAN_GBP = 1;

/**
 * The text of a tunnel key (format_odp_tun_attr in lib/odp-util.c).
 *
 * @param mask undefined: every bit counts
 */
export function tunnelText(value: Buffer, mask: Buffer | undefined, verbose: boolean): string {
  const key = indexOf(value);
  const masks = mask === undefined ? undefined : indexOf(mask);
  if (key === undefined) return value.toString('hex');
  const parts = key.types.map((type) => {
    const inside = key.value(type) ?? Buffer.alloc(0);
    const insideMask =
      masks === undefined ? undefined : (masks.value(type) ?? Buffer.alloc(inside.length));
    return partText(type, inside, insideMask, verbose);
  });
  return joined(...parts, flagsText(key, masks, verbose));
}

function indexOf(bytes: Buffer): AttributeIndex | undefined {
  const index = new AttributeIndex(MAX_TUNNEL);
  return index.read(bytes, 0, bytes.length) ? index : undefined;
}

function partText(
  type: number,
  value: Buffer,
  mask: Buffer | undefined,
  verbose: boolean,
): string | undefined {
  const part = PARTS.get(type);
  const isSized = mask === undefined || mask.length === value.length;
  if (part !== undefined && isSized) {
    const [name, bytes, notation] = part;
    if (value.length === bytes) return maskedPart(name, notation, value, mask, verbose);
  }
  switch (type) {
    case TUNNEL.doNotFragment:
    case TUNNEL.checksum:
    case TUNNEL.oam:
    case TUNNEL.padding:
      return undefined;
    case TUNNEL.geneve:
      return `geneve(${geneveText(value, mask, verbose)})`;
    case TUNNEL.vxlan:
      return `vxlan(${vxlanText(value, mask, verbose)})`;
    case TUNNEL.erspan:
      return `erspan(${erspanText(value, mask, verbose)})`;
    default:
      return unknownText(type, value, mask);
  }
}

function unknownText(type: number, value: Buffer, mask: Buffer | undefined): string {
  const bytes = (b: Buffer): string => b.toString('hex').replace(/..(?!$)/g, '$& ');
  const masked = mask === undefined || isOnes(mask) ? '' : `/${bytes(mask)}`;
  return `key${type}(${bytes(value)}${masked})`;
}

/** Options of 4 bytes of header and a multiple of 4 bytes of data. */
function geneveText(value: Buffer, mask: Buffer | undefined, verbose: boolean): string {
  let text = '';
  for (let at = 0; at + 4 <= value.length; ) {
    const bytes = (value[at + 3] & 0x1f) * 4;
    const end = Math.min(at + 4 + bytes, value.length);
    const of = (from: number, to: number): Buffer | undefined =>
      mask === undefined || mask.length < to ? undefined : mask.subarray(from, to);
    const length = Buffer.from([bytes]);
    const lengthMask = mask === undefined ? undefined : Buffer.from([lengthMaskOf(mask[at + 3])]);
    const data = value.subarray(at + 4, end);
    const dataMask = of(at + 4, end);
    const hidden = !verbose && dataMask !== undefined && isZero(dataMask);
    const parts = joined(
      maskedPart('class', HEXADECIMAL, value.subarray(at, at + 2), of(at, at + 2), verbose),
      maskedPart('type', HEXADECIMAL, value.subarray(at + 2, at + 3), of(at + 2, at + 3), verbose),
      maskedPart('len', DECIMAL, length, lengthMask, verbose),
      bytes === 0 || hidden ? undefined : dataText(data, dataMask),
    );
    text += `{${parts}}`;
    at = end;
  }
  return text;
}

function lengthMaskOf(byte: number): number {
  return (byte & 0x1f) === 0x1f ? 0xff : byte & 0x1f;
}

function dataText(data: Buffer, mask: Buffer | undefined): string {
  const masked = mask === undefined || isOnes(mask) ? '' : `/${hexBytes(mask)}`;
  return hexBytes(data) + masked;
}

/** The group-based policy extension. */
function vxlanText(value: Buffer, mask: Buffer | undefined, verbose: boolean): string {
  const gbp = indexOf(value)?.value(VXLAN_GBP);
  if (gbp?.length !== 4) return '';
  const gbpMask = mask === undefined ? undefined : indexOf(mask)?.value(VXLAN_GBP);
  if (mask !== undefined && gbpMask?.length !== 4) return '';
  const be = (bytes: Buffer): Buffer => Buffer.from(bytes.toReversed());
  const id = be(gbp).subarray(2, 4);
  const flags = be(gbp).subarray(1, 2);
  const inside = joined(
    maskedPart('id', DECIMAL, id, gbpMask && be(gbpMask).subarray(2, 4), verbose),
    maskedPart('flags', HEXADECIMAL, flags, gbpMask && be(gbpMask).subarray(1, 2), verbose),
  );
  return `gbp(${inside})`;
}

/** `struct erspan_metadata`: the version in host byte order, then an index or a header. */
function erspanText(value: Buffer, mask: Buffer | undefined, verbose: boolean): string {
  const isSized = mask === undefined || mask.length === value.length;
  if (value.length < 8 || !isSized) return value.toString('hex');
  const version = maskedPart('ver', DECIMAL, value.subarray(0, 1), mask?.subarray(0, 1), verbose);
  if (value[0] !== 1) return joined(version, `data=${value.toString('hex', 4)}`);
  const index = hex(value.readUInt32BE(4));
  return joined(
    version,
    `idx=${index}${mask === undefined ? '' : `/${hex(mask.readUInt32BE(4))}`}`,
  );
}

function flagsText(
  key: AttributeIndex,
  masks: AttributeIndex | undefined,
  verbose: boolean,
): string | undefined {
  const set = FLAGS.filter(([, type]) => key.has(type));
  if (masks === undefined) {
    return `flags(${set.length === 0 ? '0' : set.map(([name]) => name).join('|')})`;
  }
  // A tunnel id counts as matched whenever the key has one.
  const matched = FLAGS.filter(([, type]) =>
    type === TUNNEL.id ? key.has(type) : masks.has(type),
  );
  if (matched.length === 0) return verbose ? 'flags(0/0)' : undefined;
  if (matched.length === FLAGS.length) {
    return `flags(${set.length === 0 ? '0' : set.map(([name]) => name).join('|')})`;
  }
  return `flags(${matched.map(([name, type]) => (key.has(type) ? '+' : '-') + name).join('')})`;
}
