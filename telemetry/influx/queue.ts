/** How much a {@link LineQueue} holds. */
export interface QueueBounds {
  readonly points: number;
  readonly bytes: number;
}

/** Lines that are sent together. */
export interface Batch {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/**
 * Lines that wait to be sent, oldest first, in a bounded number of points and bytes. What does not
 * fit pushes out what is oldest. A batch that is taken no longer counts; one that comes back is
 * the oldest again, and the first to go.
 */
export class LineQueue {
  readonly #bounds: QueueBounds;
  #lines: string[] = [];
  /** Index of the oldest line. Those before it are empty, and cut off when there are many. */
  #head = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get points(): number {
    return this.#lines.length - this.#head;
  }

  /** Bytes on the wire, ends of line included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line; returns how many, the oldest, had to go for it. */
  push(line: string): number {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
    return this.#trim();
  }

  /** Takes the oldest lines, as many as fit into the bounds and at least one if there is one. */
  take(bounds: QueueBounds): Batch {
    let end = this.#head;
    let bytes = 0;
    while (end < this.#lines.length && end - this.#head < bounds.points) {
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

  /** Takes back what could not be sent; returns how many, the oldest, had to go. */
  giveBack(batch: Batch): number {
    this.#lines = [...batch.lines, ...this.#lines.slice(this.#head)];
    this.#head = 0;
    this.#bytes += batch.bytes;
    return this.#trim();
  }

  /** Empties the queue; returns how many lines that were. */
  clear(): number {
    const { points } = this;
    this.#lines = [];
    this.#head = 0;
    this.#bytes = 0;
    return points;
  }

  #trim(): number {
    let dropped = 0;
    while (this.points > this.#bounds.points || this.#bytes > this.#bounds.bytes) {
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
