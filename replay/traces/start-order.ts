import type { FlowRecord } from './flow-record.ts';
import { FlowRecordError } from '../input/trace-error.ts';

/** Records that are held back so that later ones with an earlier start find their place. */
const WINDOW = 65_536;

/**
 * Puts flow records in the order of their starts, as far as a bounded number of them held back
 * allows: a binary heap. Exporters tell of flows when they end, so files are rarely in order.
 */
export class StartOrder {
  readonly #file: string;
  readonly #window: number;
  readonly #heap: FlowRecord[] = [];
  /** Start of the last one given out, ms. */
  #givenMs = Number.NEGATIVE_INFINITY;

  /** @param window records to hold back */
  constructor(file: string, window = WINDOW) {
    this.#file = file;
    this.#window = window;
  }

  /** @throws {FlowRecordError} when a record that starts later was given out already */
  add(record: FlowRecord): void {
    if (record.startMs < this.#givenMs) {
      const late = ((this.#givenMs - record.startMs) / 1000).toFixed(3);
      throw new FlowRecordError(
        this.#file,
        record.line,
        1,
        `this record starts ${late} s before one that stands more than ${this.#window} records ` +
          'above it; sort the file by start_s',
      );
    }
    this.#heap.push(record);
    this.#up(this.#heap.length - 1);
  }

  /** Takes out, in order, what does not have to be held back. */
  ready(): readonly FlowRecord[] {
    return this.#take(this.#heap.length - this.#window);
  }

  /** Takes out all there is, in order. */
  rest(): readonly FlowRecord[] {
    return this.#take(this.#heap.length);
  }

  #take(count: number): readonly FlowRecord[] {
    const taken: FlowRecord[] = [];
    for (let i = 0; i < count; i++) {
      const first = this.#heap[0];
      const last = this.#heap.pop();
      if (last !== undefined && this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#down(0);
      }
      taken.push(first);
      this.#givenMs = first.startMs;
    }
    return taken;
  }

  #up(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at], heap[parent])) return;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  #down(from: number): void {
    const heap = this.#heap;
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && isBefore(heap[right], heap[left]) ? right : left;
      if (!isBefore(heap[least], heap[at])) return;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}

/** By start; of one start by their place in the file. */
function isBefore(a: FlowRecord, b: FlowRecord): boolean {
  return a.startMs === b.startMs ? a.line < b.line : a.startMs < b.startMs;
}
