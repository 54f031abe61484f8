/** The bytes do not conform to the format. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  /** Offset in the payload. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Reads what ByteWriter writes. Each method throws {@link PayloadError}. */
export class PayloadReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.at++];
  }

  /** A whole number up to 2^53 - 1. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw this.error('a number is too large');
      if (byte < 0x80) return value;
      factor *= 0x80;
      if (factor > 2 ** 56) throw this.error('a number does not end');
    }
  }

  /** Number of items that follow, each of at least `min` bytes. */
  count(min: number): number {
    const count = this.varint();
    if (count * min > this.left) throw this.error(`the block is too short for ${count} items`);
    return count;
  }

  uint32(): number {
    this.#need(4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  /** A finite number, 0 or more. */
  float64(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.at, true);
    if (!(Number.isFinite(value) && value >= 0))
      throw this.error(`${value} is not a number of 0 or more`);
    this.at += 8;
    return value;
  }

  /** A copy of the next bytes. */
  bytes(length: number): Uint8Array {
    this.#need(length);
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  text(): string {
    const length = this.varint();
    this.#need(length);
    this.at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.at - length, this.at));
  }

  error(message: string): PayloadError {
    return new PayloadError(this.at, message);
  }

  #need(count: number): void {
    if (count > this.left) throw this.error('the block is truncated');
  }
}
