import { AttributeIndex } from './attribute-index.ts';

/** `OVS_NSH_KEY_ATTR_*`. */
const NSH = { base: 1, context: 2, metadata: 3 } as const;
const MAX_NSH = 3;
/** `struct ovs_nsh_key_base` and `struct ovs_nsh_key_md1`. */
const BASE_BYTES = 8;
const CONTEXT_BYTES = 16;
const HEADER_BYTES = BASE_BYTES + CONTEXT_BYTES;

/** A part of the header: name, offset, length. */
type Part = readonly [name: string, offset: number, bytes: number, notation: 'decimal' | 'hex'];

const BASE_PARTS: readonly Part[] = [
  ['flags', 0, 1, 'decimal'],
  ['ttl', 1, 1, 'decimal'],
  ['mdtype', 2, 1, 'decimal'],
  ['np', 3, 1, 'decimal'],
  ['spi', 4, 3, 'hex'],
  ['si', 7, 1, 'decimal'],
];
const CONTEXT_PARTS: readonly Part[] = [1, 2, 3, 4].map(
  (n): Part => [`c${n}`, BASE_BYTES + 4 * (n - 1), 4, 'hex'],
);

/** An `nsh` key, or the parts of it that a `set` action writes (format_nsh_key_mask). */
export function nshText(value: Buffer, mask: Buffer | undefined): string {
  const header = headerOf(value);
  if (header === undefined) return value.toString('hex');
  if (mask === undefined) return wholeText(header);
  return maskedText(header, headerOf(mask) ?? Buffer.alloc(HEADER_BYTES));
}

/** The value of a masked `set` of a nested key: each part is followed by its mask. */
export function setNshText(value: Buffer): string {
  const index = indexOf(value);
  const header = Buffer.alloc(HEADER_BYTES);
  const mask = Buffer.alloc(HEADER_BYTES, 0xff);
  const put = (type: number, bytes: number, at: number): void => {
    const part = index?.value(type);
    if (part?.length !== 2 * bytes) return;
    part.copy(header, at, 0, bytes);
    part.copy(mask, at, bytes);
  };
  put(NSH.base, BASE_BYTES, 0);
  put(NSH.context, CONTEXT_BYTES, BASE_BYTES);
  return maskedText(header, mask);
}

/** The argument of `push_nsh`; undefined for a kind of metadata without a text. */
export function pushNshText(value: Buffer): string | undefined {
  const header = headerOf(value);
  return header?.[2] === 1 ? wholeText(header) : undefined;
}

function indexOf(bytes: Buffer): AttributeIndex | undefined {
  const index = new AttributeIndex(MAX_NSH);
  return index.read(bytes, 0, bytes.length) ? index : undefined;
}

/** Base header and context together. */
function headerOf(value: Buffer): Buffer | undefined {
  const index = indexOf(value);
  const base = index?.value(NSH.base);
  if (base?.length !== BASE_BYTES) return undefined;
  const context = index?.value(NSH.context);
  return Buffer.concat([base, context ?? Buffer.alloc(0)], HEADER_BYTES);
}

function wholeText(header: Buffer): string {
  const parts = header[2] === 1 ? [...BASE_PARTS, ...CONTEXT_PARTS] : BASE_PARTS;
  return parts
    .map(([name, at, bytes, notation]) => {
      const number = header.readUIntBE(at, bytes);
      return `${name}=${notation === 'hex' ? `0x${number.toString(16)}` : number}`;
    })
    .join(',');
}

function maskedText(header: Buffer, mask: Buffer): string {
  return [...BASE_PARTS, ...CONTEXT_PARTS]
    .map(([name, at, bytes, notation]) => {
      const bits = mask.readUIntBE(at, bytes);
      const number = header.readUIntBE(at, bytes);
      if (bits === 0) return undefined;
      const isExact = bits === 2 ** (8 * bytes) - 1;
      if (isExact) return `${name}=${notation === 'hex' ? `0x${number.toString(16)}` : number}`;
      const padded = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
      // The mask of the service path has 24 bits.
      return notation === 'hex'
        ? `${name}=0x${number.toString(16)}/0x${padded(bits, 8)}`
        : `${name}=0x${padded(number, 2)}/0x${padded(bits, 2)}`;
    })
    .filter((part) => part !== undefined)
    .join(',');
}
