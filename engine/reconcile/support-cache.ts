import type { FlowTable } from '../model/flow-table.ts';
import type { Refusal } from '../model/refusal.ts';
import { SideTable } from '../model/side-table.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';

/** Answers; 0: not asked. */
const YES = 1;
const NO = 2;

/**
 * What a backend said to "could you carry this flow", by row: asked once for each version of a
 * flow's actions, so that a steady state asks nothing.
 */
export class SupportCache {
  readonly #backend: Pick<OffloadBackend, 'supports'>;
  readonly #rows = new SideTable('version');
  readonly #answers = this.#rows.uint8();
  readonly #refusals = this.#rows.sparse<Refusal>();

  constructor(backend: Pick<OffloadBackend, 'supports'>) {
    this.#backend = backend;
  }

  supports(table: FlowTable, row: number): boolean {
    this.#rows.follow(table);
    const answers = this.#answers.values;
    if (answers[row] === 0) {
      const answer = this.#backend.supports(table.specAt(row));
      if (answer.ok) answers[row] = YES;
      else this.#refuse(row, answer.refusal);
    }
    return answers[row] === YES;
  }

  /** Records a no that the backend gave later, when asked to install this version of the flow. */
  deny(table: FlowTable, row: number, version: number, refusal: Refusal): void {
    this.#rows.follow(table);
    if (table.actionsVersionAt(row) === version) this.#refuse(row, refusal);
  }

  /** Why the row's flow cannot be expressed; undefined when it can or was not asked. */
  refusalOf(row: number): Refusal | undefined {
    return this.#refusals.values.get(row);
  }

  /** Forgets every answer: ports came or went, and with them what can be expressed. */
  clear(): void {
    this.#rows.clear();
  }

  #refuse(row: number, refusal: Refusal): void {
    this.#answers.values[row] = NO;
    this.#refusals.values.set(row, refusal);
  }
}
