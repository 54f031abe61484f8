import { decodeText } from './text.ts';

/** How the value of an attribute, or of a field of a struct, is encoded. */
export interface ValueType<Value> {
  /** `u32`, `struct tc_police`: for errors. */
  readonly name: string;
  /** Smallest length, bytes. Newer kernels append fields to structs, so more is accepted. */
  readonly minBytes: number;
  /** Shares memory with `bytes`, which has at least {@link minBytes}. */
  decode(bytes: Buffer): Value;
  encode(value: Value): Buffer;
}

/** Exactly `bytes` long, read and written in place. */
function fixed<Value>(
  name: string,
  bytes: number,
  decode: (from: Buffer) => Value,
  write: (to: Buffer, value: Value) => void,
): ValueType<Value> {
  const encode = (value: Value): Buffer => {
    const written = Buffer.alloc(bytes);
    write(written, value);
    return written;
  };
  return { name, minBytes: bytes, decode, encode };
}

/* Integers in the byte order of the machine, which is little-endian on every supported one. */

export const U8 = fixed(
  'u8',
  1,
  (b) => b.readUInt8(0),
  (b, n: number) => b.writeUInt8(n),
);
export const U16 = fixed(
  'u16',
  2,
  (b) => b.readUInt16LE(0),
  (b, n: number) => b.writeUInt16LE(n),
);
export const U32 = fixed(
  'u32',
  4,
  (b) => b.readUInt32LE(0),
  (b, n: number) => b.writeUInt32LE(n),
);
export const S32 = fixed(
  's32',
  4,
  (b) => b.readInt32LE(0),
  (b, n: number) => b.writeInt32LE(n),
);
export const U64 = fixed(
  'u64',
  8,
  (b) => b.readBigUInt64LE(0),
  (b, n: bigint) => b.writeBigUInt64LE(n),
);

/* Integers in network byte order. */

export const BE16 = fixed(
  'be16',
  2,
  (b) => b.readUInt16BE(0),
  (b, n: number) => b.writeUInt16BE(n),
);
export const BE32 = fixed(
  'be32',
  4,
  (b) => b.readUInt32BE(0),
  (b, n: number) => b.writeUInt32BE(n),
);
export const BE64 = fixed(
  'be64',
  8,
  (b) => b.readBigUInt64BE(0),
  (b, n: bigint) => b.writeBigUInt64BE(n),
);

/** An address: MAC, IPv4 or IPv6, by its length in bytes. */
export function address(bytes: 4 | 6 | 16): ValueType<Buffer> {
  return {
    name: `address of ${bytes} bytes`,
    minBytes: bytes,
    decode: (from) => from.subarray(0, bytes),
    encode: (value) => value,
  };
}

/** Any bytes. */
export const BYTES: ValueType<Buffer> = {
  name: 'bytes',
  minBytes: 0,
  decode: (bytes) => bytes,
  encode: (value) => value,
};

/** A text that ends with a zero byte, or with the attribute. */
export const TEXT: ValueType<string> = {
  name: 'text',
  minBytes: 0,
  decode: decodeText,
  encode: (text) => Buffer.from(`${text}\0`, 'utf8'),
};

/** Present or not; has no value. */
export const FLAG_ONLY: ValueType<true> = {
  name: 'flag',
  minBytes: 0,
  decode: () => true,
  encode: () => Buffer.alloc(0),
};
