import { OpenFlowDecodeError } from './errors.ts';

/**
 * A cursor over one message: every read is bounded by `end`, the end of the current structure.
 *
 * Returned bytes are views of the message, which must not change afterwards.
 */
export class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  readonly #offset: number;
  readonly #view: DataView<ArrayBuffer>;
  /** Next byte to read. */
  at = 0;
  /** First byte after the structure. */
  end: number;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#buffer = bytes.buffer;
    this.#offset = bytes.byteOffset;
    this.#view = new DataView(this.#buffer, this.#offset, bytes.length);
    this.end = bytes.length;
  }

  /** Unread bytes of the structure. */
  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const at = this.#advance(1);
    return this.#bytes[at];
  }

  u16(): number {
    const at = this.#advance(2);
    return this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#advance(4);
    return this.#view.getUint32(at);
  }

  /** Four bytes as a signed number, which is a faster key of a Map. */
  i32(): number {
    const at = this.#advance(4);
    return this.#view.getInt32(at);
  }

  u64(): bigint {
    const at = this.#advance(8);
    return this.#view.getBigUint64(at);
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const at = this.#advance(count);
    return new Uint8Array(this.#buffer, this.#offset + at, count);
  }

  /** A view of the rest of the structure. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Text in a field of `count` bytes, up to the first zero byte (UTF-8). */
  text(count: number): string {
    const field = this.bytes(count);
    const zero = field.indexOf(0);
    return Buffer.from(field.buffer, field.byteOffset, zero < 0 ? count : zero).toString('utf8');
  }

  /**
   * Enters a nested structure of `length` bytes.
   * @param what name of the structure, for the error
   * @returns the end of the outer structure, for `leave`
   */
  enter(length: number, what: string): number {
    const outer = this.end;
    if (length < 0 || length > outer - this.at) {
      throw new OpenFlowDecodeError(this.at, `${what} of ${length} bytes, not just ${this.left}`);
    }
    this.end = this.at + length;
    return outer;
  }

  /** Leaves a nested structure and skips its unread bytes. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Checks that the structure has been read to its end. */
  finish(what: string): void {
    if (this.at !== this.end) {
      throw new OpenFlowDecodeError(this.at, `the end of ${what}, not ${this.left} bytes more`);
    }
  }

  /** An error at the cursor. */
  fail(expected: string): OpenFlowDecodeError {
    return new OpenFlowDecodeError(this.at, expected);
  }

  #advance(count: number): number {
    const at = this.at;
    if (count > this.end - at) {
      throw new OpenFlowDecodeError(at, `${count} bytes, not just ${this.left}`);
    }
    this.at = at + count;
    return at;
  }
}
