import { KEY, keyName } from './key-table.ts';
import {
  DECIMAL,
  hex,
  hexBytes,
  IPV4,
  IPV6,
  isOnes,
  joined,
  maskedPart,
  type Notation,
} from './masked-text.ts';
import { nshText } from './nsh-text.ts';
import { tunnelText } from './tunnel-text.ts';

/** Parts of the original tuple of a connection: name, offset, length, notation. */
type TuplePart = readonly [name: string, offset: number, bytes: number, notation: Notation];

const TUPLE4: readonly TuplePart[] = [
  ['src', 0, 4, IPV4],
  ['dst', 4, 4, IPV4],
  ['proto', 12, 1, DECIMAL],
  ['tp_src', 8, 2, DECIMAL],
  ['tp_dst', 10, 2, DECIMAL],
];
const TUPLE6: readonly TuplePart[] = [
  ['src', 0, 16, IPV6],
  ['dst', 16, 16, IPV6],
  ['proto', 36, 1, DECIMAL],
  ['src_port', 32, 2, DECIMAL],
  ['dst_port', 34, 2, DECIMAL],
];

/**
 * The text between the parentheses of a key attribute outside the match vocabulary, as
 * `format_odp_key_attr__` (lib/odp-util.c) prints it.
 *
 * @param mask undefined: every bit counts
 * @param verbose also parts with a mask of zero
 */
export function keyText(
  type: number,
  value: Buffer,
  mask: Buffer | undefined,
  verbose: boolean,
): string {
  const isNest = type === KEY.tunnel || type === KEY.nsh;
  if (mask !== undefined && mask.length !== value.length && !isNest) return bytesText(value, mask);
  switch (type) {
    case KEY.priority:
    case KEY.skbMark:
    case KEY.dpHash:
    case KEY.recircId:
    case KEY.ctMark:
    case KEY.ctState:
      if (value.length === 4) return numberText(value, mask);
      break;
    case KEY.ctZone:
      if (value.length === 2) return numberText(value, mask);
      break;
    case KEY.inPort:
      if (value.length === 4) return portText(value, mask);
      break;
    case KEY.ctLabels:
      return wideText(value, mask);
    case KEY.ctTuple4:
      if (value.length >= 13) return tupleText(TUPLE4, value, mask, verbose);
      break;
    case KEY.ctTuple6:
      if (value.length >= 37) return tupleText(TUPLE6, value, mask, verbose);
      break;
    case KEY.tunnel:
      return tunnelText(value, mask, verbose);
    case KEY.nsh:
      return nshText(value, mask);
    case KEY.mpls:
      if (value.length > 0 && value.length % 4 === 0) return mplsText(value, mask);
      break;
    case KEY.vlan:
      if (value.length === 2) return vlanText(value, mask);
      break;
    default:
  }
  return bytesText(value, mask);
}

/** `name(text)`. */
export function keyAttributeText(
  type: number,
  value: Buffer,
  mask: Buffer | undefined,
  verbose: boolean,
): string {
  return `${keyName(type)}(${keyText(type, value, mask, verbose)})`;
}

/** In the byte order of the machine. */
function numberText(value: Buffer, mask: Buffer | undefined): string {
  const number = (bytes: Buffer): string => hex(bytes.readUIntLE(0, bytes.length));
  return number(value) + (mask === undefined || isOnes(mask) ? '' : `/${number(mask)}`);
}

function portText(value: Buffer, mask: Buffer | undefined): string {
  const masked = mask === undefined || isOnes(mask) ? '' : `/${hex(mask.readUInt32LE(0))}`;
  return String(value.readUInt32LE(0)) + masked;
}

/** A label of a connection: 128 bits in the byte order of the machine. */
export function wideText(value: Buffer, mask: Buffer | undefined): string {
  const number = (bytes: Buffer): string => hexBytes(Buffer.from(bytes.toReversed()));
  return number(value) + (mask === undefined || isOnes(mask) ? '' : `/${number(mask)}`);
}

function tupleText(
  parts: readonly TuplePart[],
  value: Buffer,
  mask: Buffer | undefined,
  verbose: boolean,
): string {
  return joined(
    ...parts.map(([name, from, bytes, notation]) =>
      maskedPart(
        name,
        notation,
        value.subarray(from, from + bytes),
        mask?.subarray(from, from + bytes),
        verbose,
      ),
    ),
  );
}

/** The fields of a label stack entry: name, shift, bits. */
const LABEL_FIELDS: readonly (readonly [name: string, shift: number, bits: number])[] = [
  ['label', 12, 20],
  ['tc', 9, 3],
  ['ttl', 0, 8],
  ['bos', 8, 1],
];

/** An entry of a label stack (format_mpls_lse). */
export function labelText(entry: number): string {
  return LABEL_FIELDS.map(
    ([name, shift, bits]) => `${name}=${(entry >>> shift) & (2 ** bits - 1)}`,
  ).join(',');
}

function mplsText(value: Buffer, mask: Buffer | undefined): string {
  const entries: string[] = [];
  for (let at = 0; at < value.length; at += 4) {
    const entry = value.readUInt32BE(at);
    if (mask === undefined || isOnes(mask) || mask.length < at + 4) {
      entries.push(labelText(entry));
    } else {
      entries.push(maskedLabelText(entry, mask.readUInt32BE(at)));
    }
  }
  return entries.join(',');
}

function maskedLabelText(entry: number, mask: number): string {
  return LABEL_FIELDS.map(([name, shift, bits]) => {
    const of = (from: number): number => (from >>> shift) & (2 ** bits - 1);
    const prefix = name === 'label' || name === 'ttl' ? '0x' : '';
    return `${name}=${of(entry)}/${prefix}${of(mask).toString(16)}`;
  }).join(',');
}

/** A tag control information, with all parts (format_vlan_tci). */
function vlanText(value: Buffer, mask: Buffer | undefined): string {
  const tci = value.readUInt16BE(0);
  const bits = mask?.readUInt16BE(0) ?? 0xffff;
  const vidMask = bits & 0xfff;
  const pcpMask = bits >>> 13;
  return joined(
    `vid=${tci & 0xfff}${vidMask === 0xfff ? '' : `/0x${vidMask.toString(16)}`}`,
    `pcp=${tci >>> 13}${pcpMask === 7 ? '' : `/0x${pcpMask.toString(16)}`}`,
    (tci & 0x1000) === 0 ? 'cfi=0' : undefined,
  );
}

function bytesText(value: Buffer, mask: Buffer | undefined): string {
  const text = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?!$)/g, '$& ');
  return text(value) + (mask === undefined || isOnes(mask) ? '' : `/${text(mask)}`);
}
