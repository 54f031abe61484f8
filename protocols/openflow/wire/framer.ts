/** The peer does not send OpenFlow, or a message is too large. The stream is unusable. */
export class BadOpenFlowHeader extends Error {
  override readonly name = 'BadOpenFlowHeader';
  /** @param problem what is wrong with the eight bytes */
  constructor(header: Uint8Array, problem: string) {
    super(`${Buffer.from(header).toString('hex')} is not an OpenFlow header: ${problem}`);
  }
}

/** Length of the message header, bytes. */
export const HEADER_LENGTH = 8;
/** Largest value of the header's 16-bit length. */
const MAX_MESSAGE_LENGTH = 0xffff;

/** Versions are numbered up to 6; much larger numbers are another protocol. */
const MAX_VERSION = 0x0f;
const FIRST_SIZE = 64 * 1024;

/**
 * Splits a byte stream into OpenFlow messages by the length in their headers (1.3.5, section 7.1).
 *
 * One buffer is reused for the whole stream: the remainder moves to the front, and the buffer grows
 * only when a chunk does not fit after it, so it holds at most a message and a chunk.
 */
export class Framer {
  readonly #limit: number;
  #buffer = new Uint8Array(FIRST_SIZE);
  #start = 0;
  #end = 0;
  #failed = false;

  /** @param limit largest message to accept, bytes */
  constructor(limit: number = MAX_MESSAGE_LENGTH) {
    this.#limit = limit;
  }

  /** Bytes of an incomplete message. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /**
   * Adds received bytes.
   * @returns the messages that are complete now, as views that are valid until the next `push`
   * @throws BadOpenFlowHeader; the messages before it are lost, and every later `push` throws, too
   */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer>[] {
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
    const messages: Uint8Array<ArrayBuffer>[] = [];
    while (this.pending >= HEADER_LENGTH) {
      const length = this.#messageLength();
      if (this.pending < length) break;
      messages.push(this.#buffer.subarray(this.#start, this.#start + length));
      this.#start += length;
    }
    return messages;
  }

  #messageLength(): number {
    const at = this.#start;
    const version = this.#buffer[at];
    const length = (this.#buffer[at + 2] << 8) | this.#buffer[at + 3];
    if (version === 0 || version > MAX_VERSION) throw this.#bad(`there is no version ${version}`);
    if (length < HEADER_LENGTH) throw this.#bad(`its length ${length} is less than its own`);
    if (length > this.#limit) throw this.#bad(`its length ${length} is over ${this.#limit}`);
    return length;
  }

  #bad(problem: string): BadOpenFlowHeader {
    this.#failed = true;
    return new BadOpenFlowHeader(
      this.#buffer.subarray(this.#start, this.#start + HEADER_LENGTH),
      problem,
    );
  }

  #makeRoom(more: number): void {
    // A failed stream fails again, without keeping later bytes.
    if (this.#failed) this.#end = this.#start + HEADER_LENGTH;
    const kept = this.pending;
    if (this.#end + more <= this.#buffer.length && this.#start === 0) return;
    const target =
      kept + more <= this.#buffer.length
        ? this.#buffer
        : new Uint8Array(Math.max(this.#buffer.length * 2, kept + more));
    if (target === this.#buffer) target.copyWithin(0, this.#start, this.#end);
    else target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#start = 0;
    this.#end = kept;
  }
}
