import { NetlinkMalformed } from './errors.ts';
import { aligned } from './message.ts';
import { decodeText } from './text.ts';

/** Length of `struct nlattr`. */
const HEADER_BYTES = 4;

/** `NLA_TYPE_MASK`: the type without the flags "nested" and "network byte order". */
const TYPE_MASK = 0x3fff;
const NESTED = 0x8000;

/** The attributes of a message or of a nested attribute, by type; of a repeated one the last. */
export type Attributes = ReadonlyMap<number, Buffer>;

/** An attribute as bytes, padded to 4 bytes. */
export function encodeAttribute(type: number, value: Buffer): Buffer {
  const length = HEADER_BYTES + value.length;
  const bytes = Buffer.alloc(aligned(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** A nested attribute. */
export function encodeNested(type: number, ...attributes: readonly Buffer[]): Buffer {
  return encodeAttribute(type | NESTED, Buffer.concat(attributes));
}

/** One attribute. The value shares memory with the message. */
export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

/**
 * The attributes in `bytes`, in order; for lists, whose types repeat.
 *
 * @throws {NetlinkMalformed}
 */
export function attributesIn(bytes: Buffer): Attribute[] {
  const found: Attribute[] = [];
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    if (left < HEADER_BYTES) throw new NetlinkMalformed(at, 'an attribute header of 4 bytes');
    const length = bytes.readUInt16LE(at);
    if (length < HEADER_BYTES || length > left) {
      throw new NetlinkMalformed(at, `an attribute length from 4 to ${left}, not ${length}`);
    }
    const type = bytes.readUInt16LE(at + 2) & TYPE_MASK;
    found.push({ type, value: bytes.subarray(at + HEADER_BYTES, at + length) });
    at += aligned(length);
  }
  return found;
}

/**
 * The attributes in `bytes` by type.
 *
 * @throws {NetlinkMalformed}
 */
export function decodeAttributes(bytes: Buffer): Attributes {
  return new Map(attributesIn(bytes).map(({ type, value }) => [type, value]));
}

/** A text that ends with a zero byte, or with the attribute. */
export function textOf(attribute: Buffer | undefined): string | undefined {
  return attribute === undefined ? undefined : decodeText(attribute);
}

/** A text as an attribute's value. */
export function textValue(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}
