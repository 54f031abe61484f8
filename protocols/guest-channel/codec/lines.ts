import { ChannelViolation } from './errors.ts';

const NEWLINE = 0x0a;
const FIRST_BYTES = 4 * 1024;

/**
 * Splits a byte stream into lines. Holds at most one incomplete line, and at most twice the limit in
 * memory; copies each byte a bounded number of times, whatever the sizes of the chunks.
 */
export class LineSplitter {
  readonly #limit: number;
  #held: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /** @param limit longest line, bytes without the newline */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Memory that is held, bytes. */
  get capacity(): number {
    return this.#held.length;
  }

  /**
   * The lines that end in this chunk, without their newlines.
   *
   * @throws {ChannelViolation} a line is too long; the stream is unusable from then on
   */
  *push(chunk: Uint8Array): Generator<string, void> {
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline;
      this.#hold(chunk.subarray(from, end));
      if (newline === -1) return;
      from = newline + 1;
      yield this.#take();
    }
  }

  #hold(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#limit) {
      throw new ChannelViolation('line', `at most ${this.#limit} bytes`);
    }
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(this.#limit, Math.max(length, 2 * this.#held.length)),
      );
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    this.#held.set(part, this.#length);
    this.#length = length;
  }

  #take(): string {
    const line = this.#held.toString('utf8', 0, this.#length);
    this.#length = 0;
    if (this.#held.length > FIRST_BYTES) this.#held = Buffer.allocUnsafeSlow(FIRST_BYTES);
    return line;
  }
}
