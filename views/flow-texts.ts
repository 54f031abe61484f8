import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { SideTable } from '../engine/model/side-table.ts';
import { describeActions, describeMatch } from './describe-flow.ts';

/** Maximum texts in the cache, about 300 bytes each. */
const MAX_TEXTS = 250_000;
/** The cache is dropped when it has not been used for this time, ms. */
const KEPT_MS = 60_000;

/**
 * Caches the text that a search looks for words in, by row. Building the texts takes most of the
 * time of a search, and the next search usually follows with the next letter typed.
 */
export class FlowTexts {
  readonly #rows = new SideTable('version');
  readonly #texts = this.#rows.sparse<string>();
  #drop: NodeJS.Timeout | undefined;

  /** The row's ufid, match and actions in lower case. */
  of(table: FlowTable, row: number): string {
    this.#rows.follow(table);
    const texts = this.#texts.values;
    const known = texts.get(row);
    if (known !== undefined) return known;
    const match = describeMatch(table.matchAt(row));
    const actions = describeActions(table.actionsAt(row));
    const text = `${formatFlowId(table.idAt(row))} ${match} ${actions}`.toLowerCase();
    if (texts.size < MAX_TEXTS) {
      texts.set(row, text);
      this.#drop ??= setTimeout(() => this.#dropAll(), KEPT_MS).unref();
    }
    return text;
  }

  /** Keeps the texts for another {@link KEPT_MS}. */
  keepAlive(): void {
    this.#drop?.refresh();
  }

  #dropAll(): void {
    this.#rows.leave();
    this.#drop = undefined;
  }
}
