import type { DecisionRecord } from '../../api/decision-record.ts';

/** A ring buffer of the latest decisions. */
export class DecisionRing {
  readonly #capacity: number;
  readonly #records: DecisionRecord[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#records.length;
  }

  /** Adds a record; a full ring drops its oldest. */
  add(record: DecisionRecord): void {
    if (this.#capacity === 0) return;
    this.#records[this.#next] = record;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The latest records, latest first, of flows whose ufid begins with `flow`. */
  latest(limit: number, flow = ''): readonly DecisionRecord[] {
    const found: DecisionRecord[] = [];
    const n = this.#records.length;
    for (let back = 1; back <= n && found.length < limit; back++) {
      const record = this.#records[(this.#next - back + n) % n];
      if (record.flow.startsWith(flow)) found.push(record);
    }
    return found;
  }
}
