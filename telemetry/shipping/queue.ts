/** Limits of a {@link LineQueue} or of a batch. */
export interface QueueBounds {
  readonly lines: number;
  readonly bytes: number;
}

/** Lines of one request. */
export interface Batch {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/**
 * A queue of lines with limits on their number and bytes. When it is full, the oldest lines are dropped.
 * A taken batch does not count towards the limits; a returned one goes back to the front, as the
 * oldest.
 */
export class LineQueue {
  readonly #bounds: QueueBounds;
  #lines: string[] = [];
  /** Index of the oldest line. Elements before it are empty until {@link #compact} removes them. */
  #head = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#lines.length - this.#head;
  }

  /** Bytes on the wire, including ends of line. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line; returns the number of oldest lines dropped for it. */
  push(line: string): number {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
    return this.#trim();
  }

  /** Removes and returns the oldest lines that fit into `bounds`, at least one if there is any. */
  takeBatch(bounds: QueueBounds): Batch {
    let end = this.#head;
    let bytes = 0;
    while (end < this.#lines.length && end - this.#head < bounds.lines) {
      const size = sizeOf(this.#lines[end]);
      if (end > this.#head && bytes + size > bounds.bytes) break;
      bytes += size;
      end++;
    }
    const lines = this.#lines.slice(this.#head, end);
    this.#lines.fill('', this.#head, end);
    this.#head = end;
    this.#bytes -= bytes;
    this.#compact();
    return { lines, bytes };
  }

  /** Puts back a batch that was not sent; returns the number of oldest lines dropped for it. */
  returnBatch(batch: Batch): number {
    this.#lines = [...batch.lines, ...this.#lines.slice(this.#head)];
    this.#head = 0;
    this.#bytes += batch.bytes;
    return this.#trim();
  }

  /** Empties the queue; returns the number of lines removed. */
  clear(): number {
    const { length } = this;
    this.#lines = [];
    this.#head = 0;
    this.#bytes = 0;
    return length;
  }

  #trim(): number {
    let dropped = 0;
    while (this.length > this.#bounds.lines || this.#bytes > this.#bounds.bytes) {
      this.#bytes -= sizeOf(this.#lines[this.#head]);
      this.#lines[this.#head++] = '';
      dropped++;
    }
    this.#compact();
    return dropped;
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#head);
    this.#head = 0;
  }
}

function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}
