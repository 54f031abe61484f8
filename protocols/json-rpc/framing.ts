/** A message is larger than its receiver allows. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge';
  constructor(limit: number) {
    super(`a JSON message is larger than the limit of ${limit} bytes`);
  }
}

/** The stream contains something other than a JSON object. */
export class FrameGarbage extends Error {
  override readonly name = 'FrameGarbage';
  constructor(bytes: Uint8Array) {
    const text = Buffer.from(bytes.subarray(0, 40)).toString('latin1');
    super(`expected a JSON object, got ${JSON.stringify(text)}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const FIRST_SIZE = 64 * 1024;
/** The buffer shrinks when it is this many times larger than the messages. */
const OVERSIZE = 4;
/** Times that the buffer has to be found oversized in a row before it shrinks. */
const OVERSIZED_TIMES = 8;

/**
 * Splits a byte stream into JSON objects; OVS's JSON-RPC has no other framing (RFC 7047, section 4:
 * messages follow each other directly or with white space in between).
 *
 * The bytes of a message are in one buffer that is reused for the next, and shrinks some messages after
 * the last large one. Strings, which are nearly
 * all of a large message, are skipped with `indexOf`.
 */
export class JsonFramer {
  readonly #limit: number;
  #buffer: Buffer<ArrayBuffer> = Buffer.alloc(FIRST_SIZE);
  /** Beginning of the current message, and end of the received bytes. */
  #start = 0;
  #end = 0;
  /** Bytes that the buffer has held since it was last empty. */
  #held = 0;
  #oversized = 0;
  #largest = 0;
  /** Position and state of the scan. */
  #scan = 0;
  #depth = 0;
  #stringStart = -1;

  /** @param limit largest message, bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Size of the buffer, bytes. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Adds received bytes; results of `next` become invalid. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) this.#rewind();
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
    if (this.#end > this.#held) this.#held = this.#end;
  }

  /**
   * The next whole message, valid until `push`; undefined when it is incomplete.
   * @throws FrameTooLarge, FrameGarbage: the stream is unusable from now on
   */
  next(): Buffer<ArrayBuffer> | undefined {
    while (this.#scan < this.#end) {
      if (this.#stringStart >= 0) {
        if (!this.#leaveString()) break;
      } else if (this.#step(this.#buffer[this.#scan++])) {
        const message = this.#buffer.subarray(this.#start, this.#scan);
        this.#start = this.#scan;
        return message;
      }
    }
    if (this.#end - this.#start > this.#limit) throw new FrameTooLarge(this.#limit);
    return undefined;
  }

  /** Scans one byte outside strings; true when it ends the message. */
  #step(byte: number): boolean {
    switch (byte) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (this.#depth === 0 && byte !== OPEN_BRACE) break;
        this.#depth++;
        return false;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (this.#depth === 0) break;
        return --this.#depth === 0;
      case QUOTE:
        if (this.#depth === 0) break;
        this.#stringStart = this.#scan;
        return false;
      default:
        if (this.#depth > 0) return false;
        if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
          this.#start = this.#scan;
          return false;
        }
    }
    throw new FrameGarbage(this.#buffer.subarray(this.#scan - 1, this.#end));
  }

  /** Moves past the closing quote; false when it has not been received yet. */
  #leaveString(): boolean {
    const at = this.#buffer.subarray(this.#scan, this.#end).indexOf(QUOTE);
    if (at === -1) {
      this.#scan = this.#end;
      return false;
    }
    const quote = this.#scan + at;
    this.#scan = quote + 1;
    if (!isEscaped(this.#buffer, quote, this.#stringStart)) this.#stringStart = -1;
    return true;
  }

  #rewind(): void {
    this.#start = 0;
    this.#end = 0;
    this.#scan = 0;
    this.#shrinkAfterPeak();
    this.#held = 0;
  }

  #shrinkAfterPeak(): void {
    const size = this.#buffer.length;
    const isOversized = size > FIRST_SIZE && this.#held * OVERSIZE <= size;
    this.#oversized = isOversized ? this.#oversized + 1 : 0;
    this.#largest = isOversized ? Math.max(this.#largest, this.#held) : 0;
    if (this.#oversized < OVERSIZED_TIMES) return;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(FIRST_SIZE, 2 * this.#largest));
    this.#oversized = 0;
    this.#largest = 0;
  }

  #makeRoom(more: number): void {
    if (this.#end + more <= this.#buffer.length) return;
    const kept = this.#end - this.#start;
    if (kept > this.#limit) throw new FrameTooLarge(this.#limit);
    const target =
      kept + more <= this.#buffer.length / 2
        ? this.#buffer
        : Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, kept + more));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    if (this.#stringStart >= 0) this.#stringStart -= this.#start;
    this.#scan -= this.#start;
    this.#start = 0;
    this.#end = kept;
  }
}

/** True when the byte at `at` follows an odd number of backslashes that begin at `from` or later. */
export function isEscaped(bytes: Uint8Array, at: number, from: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && bytes[at - backslashes - 1] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
