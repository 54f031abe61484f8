import type { FlowRecord } from './flow-record.ts';
import { FlowRecordError } from '../input/trace-error.ts';

/** Number of records held back, so that later records with an earlier start can precede them. */
const WINDOW = 65_536;

/**
 * Sorts flow records by start in a binary heap that holds back a bounded number of them. Exporters
 * report a flow when it ends, so files are rarely in order of starts.
 */
export class StartOrder {
  readonly #file: string;
  readonly #window: number;
  readonly #heap: FlowRecord[] = [];
  /** Start of the last record returned, ms. */
  #lastTakenMs = Number.NEGATIVE_INFINITY;

  /** @param window number of records to hold back */
  constructor(file: string, window = WINDOW) {
    this.#file = file;
    this.#window = window;
  }

  /** @throws {FlowRecordError} if a record with a later start was already returned */
  add(record: FlowRecord): void {
    if (record.startMs < this.#lastTakenMs) {
      const late = ((this.#lastTakenMs - record.startMs) / 1000).toFixed(3);
      throw new FlowRecordError(
        this.#file,
        record.line,
        1,
        `the record starts ${late} s before a record that is more than ${this.#window} records ` +
          'above it; sort the file by start_s',
      );
    }
    this.#heap.push(record);
    this.#up(this.#heap.length - 1);
  }

  /** Removes and returns, in order, the records beyond the window. */
  takeReady(): readonly FlowRecord[] {
    return this.#take(this.#heap.length - this.#window);
  }

  /** Removes and returns all remaining records, in order. */
  takeRest(): readonly FlowRecord[] {
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
      this.#lastTakenMs = first.startMs;
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
      const first = right < heap.length && isBefore(heap[right], heap[left]) ? right : left;
      if (!isBefore(heap[first], heap[at])) return;
      [heap[at], heap[first]] = [heap[first], heap[at]];
      at = first;
    }
  }
}

/** By start, then by line. */
function isBefore(a: FlowRecord, b: FlowRecord): boolean {
  return a.startMs === b.startMs ? a.line < b.line : a.startMs < b.startMs;
}
