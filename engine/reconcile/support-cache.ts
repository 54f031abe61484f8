import type { FlowTable } from '../model/flow-table.ts';
import type { Refusal } from '../model/refusal.ts';
import { SideTable } from '../model/side-table.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';

/** Cached answers; 0: none yet. */
const YES = 1;
const NO = 2;

/**
 * Caches by row whether a backend supports a flow: it is queried once per version of the flow's
 * match and actions, and never in a steady state.
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

  /** Records a refusal that the backend gave at the installation of this version of the flow. */
  deny(table: FlowTable, row: number, version: number, refusal: Refusal): void {
    this.#rows.follow(table);
    if (table.actionsVersionAt(row) === version) this.#refuse(row, refusal);
  }

  /** Why the row's flow cannot be expressed; undefined if it can, or there is no answer yet. */
  refusalOf(row: number): Refusal | undefined {
    return this.#refusals.values.get(row);
  }

  /** Drops all answers, because they depend on the ports, which have changed. */
  clear(): void {
    this.#rows.clear();
  }

  #refuse(row: number, refusal: Refusal): void {
    this.#answers.values[row] = NO;
    this.#refusals.values.set(row, refusal);
  }
}
