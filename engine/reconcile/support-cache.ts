import type { FlowTable } from '../model/flow-table.ts';
import type { Refusal } from '../model/refusal.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';

/**
 * What a backend said to "could you carry this flow", by row: asked once for each version of a
 * flow's actions, so that a steady state asks nothing.
 */
export class SupportCache {
  readonly #backend: OffloadBackend;
  /** +version: yes; -version: no; 0: not asked. */
  #answers = new Int32Array(0);
  readonly #refusals = new Map<number, Refusal>();

  constructor(backend: OffloadBackend) {
    this.#backend = backend;
  }

  supports(table: FlowTable, row: number): boolean {
    if (row >= this.#answers.length) this.#grow(table.highWater);
    const version = table.actionsVersionAt(row);
    if (Math.abs(this.#answers[row]) !== version) {
      const answer = this.#backend.supports(table.specAt(row));
      if (answer.ok) this.#allow(row, version);
      else this.deny(table, row, version, answer.refusal);
    }
    return this.#answers[row] > 0;
  }

  /** Records a no that the backend gave later, when asked to install the flow. */
  deny(table: FlowTable, row: number, version: number, refusal: Refusal): void {
    if (row >= this.#answers.length) this.#grow(table.highWater);
    this.#answers[row] = -version;
    this.#refusals.set(row, refusal);
  }

  /** Why the row's flow cannot be expressed; undefined when it can or was not asked. */
  refusalOf(row: number): Refusal | undefined {
    return this.#refusals.get(row);
  }

  /** Forgets a row whose flow has left. */
  forget(row: number): void {
    if (row < this.#answers.length) this.#answers[row] = 0;
    this.#refusals.delete(row);
  }

  /** Forgets every answer: ports came or went, and with them what can be expressed. */
  clear(): void {
    this.#answers.fill(0);
    this.#refusals.clear();
  }

  #allow(row: number, version: number): void {
    this.#answers[row] = version;
    this.#refusals.delete(row);
  }

  #grow(rows: number): void {
    const next = new Int32Array(Math.max(256, rows * 2));
    next.set(this.#answers);
    this.#answers = next;
  }
}
