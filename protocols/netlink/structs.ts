import { NetlinkMalformed } from './errors.ts';
import type { ValueType } from './values.ts';

/** A field of a struct of the kernel's headers. */
export interface Field<Value> {
  /** As in the header: `eaction`. */
  readonly name: string;
  /** From the beginning of the struct, bytes. */
  readonly offset: number;
  readonly type: ValueType<Value>;
}

/** A field with the value to encode. */
export interface FieldValue {
  readonly name: string;
  readonly offset: number;
  readonly bytes: Buffer;
}

export function field<Value>(
  offset: number,
  name: string,
  type: ValueType<Value>,
): Field<Value> & { of(value: Value): FieldValue } {
  return { offset, name, type, of: (value) => ({ offset, name, bytes: type.encode(value) }) };
}

/** Reads the fields of a struct. */
export class StructReader {
  readonly #name: string;
  readonly bytes: Buffer;

  constructor(name: string, bytes: Buffer) {
    this.#name = name;
    this.bytes = bytes;
  }

  /** @throws {NetlinkMalformed} when the struct ends before the field */
  get<Value>({ name, offset, type }: Field<Value>): Value {
    if (this.bytes.length < offset + type.minBytes) {
      throw new NetlinkMalformed(this.bytes.length, `${name} of struct ${this.#name}`);
    }
    return type.decode(this.bytes.subarray(offset));
  }
}

/** The bytes of a struct; fields that are not given are zero. */
export function encodeStruct(bytes: number, fields: readonly FieldValue[]): Buffer {
  const encoded = Buffer.alloc(bytes);
  for (const { offset, bytes: value } of fields) value.copy(encoded, offset);
  return encoded;
}

/**
 * A struct as the value of an attribute.
 *
 * @param bytes length of the oldest version of the struct that has all fields of interest
 */
export function struct(
  name: string,
  bytes: number,
): ValueType<StructReader> & { of(...fields: readonly FieldValue[]): StructReader } {
  return {
    name: `struct ${name}`,
    minBytes: bytes,
    decode: (from) => new StructReader(name, from),
    encode: (value) => value.bytes,
    of: (...fields) => new StructReader(name, encodeStruct(bytes, fields)),
  };
}
