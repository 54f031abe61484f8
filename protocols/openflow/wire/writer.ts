import { OpenFlowEncodeError } from './errors.ts';

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** A reusable buffer for consecutive messages. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  /** @param capacity initial size, bytes; it grows as needed */
  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far, which is the next position. */
  get length(): number {
    return this.#length;
  }

  /** The written bytes: a view that is valid until the next write or `reset`. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts another message in the same buffer. */
  reset(): void {
    this.#length = 0;
  }

  /** Discards everything from `length` on. */
  truncate(length: number): void {
    if (length < this.#length) this.#length = length;
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) throw outOfRange(value, 8);
    const at = this.#advance(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value, 16);
    const at = this.#advance(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 32);
    const at = this.#advance(4);
    this.#view.setUint32(at, value);
  }

  /** The low 32 bits of the number, whatever its sign. */
  bits32(value: number): void {
    const at = this.#advance(4);
    this.#view.setInt32(at, value);
  }

  u64(value: bigint): void {
    if (value < 0n || value > MAX_U64) throw outOfRange(value, 64);
    const at = this.#advance(8);
    this.#view.setBigUint64(at, value);
  }

  bytes(source: Uint8Array): void {
    const count = source.length;
    const at = this.#advance(count);
    if (count > 16) {
      this.#bytes.set(source, at);
      return;
    }
    // For short values such as addresses, a loop is faster than `set`.
    const target = this.#bytes;
    for (let i = 0; i < count; i++) target[at + i] = source[i];
  }

  /** Bytes of a field that is `count` bytes long. */
  exactly(source: Uint8Array, count: number, what: string): void {
    if (source.length !== count) {
      throw new OpenFlowEncodeError(`${what} has ${source.length} bytes, not ${count}`);
    }
    this.bytes(source);
  }

  zeros(count: number): void {
    const at = this.#advance(count);
    const target = this.#bytes;
    for (let i = at; i < at + count; i++) target[i] = 0;
  }

  /** Text in a field of `count` bytes, which ends with at least one zero byte (UTF-8). */
  text(value: string, count: number): void {
    const encoded = Buffer.from(value, 'utf8');
    if (encoded.length >= count || encoded.includes(0)) {
      throw new OpenFlowEncodeError(
        `${JSON.stringify(value)} does not fit into ${count} bytes of text`,
      );
    }
    this.bytes(encoded);
    this.zeros(count - encoded.length);
  }

  /** Pads a structure that began at `start` to a multiple of eight bytes. */
  padFrom(start: number): void {
    this.zeros(-(this.#length - start) & 7);
  }

  /** Writes a length into two earlier bytes. */
  patchLength(at: number, length: number): void {
    if (length > 0xffff) {
      throw new OpenFlowEncodeError(`${length} bytes do not fit a length field of 16 bits`);
    }
    this.#view.setUint16(at, length);
  }

  #advance(count: number): number {
    const at = this.#length;
    const next = at + count;
    if (next > this.#bytes.length) this.#grow(next);
    this.#length = next;
    return at;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function outOfRange(value: number | bigint, bits: number): OpenFlowEncodeError {
  return new OpenFlowEncodeError(`${value} is not an unsigned number of ${bits} bits`);
}
