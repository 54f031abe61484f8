import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { describeActions, describeMatch } from './describe-flow.ts';

/** Rows whose texts are kept, at most: each has some 300 bytes. */
const MAX_ROWS = 250_000;
/** They are dropped when nobody has searched for so long, ms. */
const KEPT_MS = 60_000;

/**
 * What words are looked for in, by row. Putting a flow into words takes longer than all else about
 * a search, so texts are kept for the next one, which mostly comes with the next letter typed.
 */
export class FlowTexts {
  #texts: (string | undefined)[] = [];
  #versions: number[] = [];
  #drop: NodeJS.Timeout | undefined;

  /** The row's ufid, match and actions in lower case. */
  of(table: FlowTable, row: number): string {
    const version = table.changes[row];
    const known = this.#texts[row];
    if (known !== undefined && this.#versions[row] === version) return known;
    const match = describeMatch(table.matchAt(row));
    const actions = describeActions(table.actionsAt(row));
    const text = `${formatFlowId(table.idAt(row))} ${match} ${actions}`.toLowerCase();
    if (row < MAX_ROWS) {
      this.#texts[row] = text;
      this.#versions[row] = version;
      this.#drop ??= setTimeout(() => this.#forget(), KEPT_MS).unref();
    }
    return text;
  }

  /** Keeps the texts for a while longer. */
  used(): void {
    this.#drop?.refresh();
  }

  #forget(): void {
    this.#texts = [];
    this.#versions = [];
    this.#drop = undefined;
  }
}
