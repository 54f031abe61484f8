/** Writes numbers and texts to a growing buffer that can be reused. */
export class ByteWriter {
  length = 0;
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  readonly #encoder = new TextEncoder();

  /** The bytes written so far; valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a whole number up to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    // Bit operations are limited to 32 bits, so larger values are divided.
    while (rest >= 0x1000_0000) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.length++] = rest;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length of the UTF-8 in bytes, then the UTF-8. */
  text(text: string): void {
    const bytes = this.#encoder.encode(text);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const next = new Uint8Array((this.length + more) * 2);
    next.set(this.written);
    this.#bytes = next;
    this.#view = new DataView(next.buffer);
  }
}
