import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { SideTable } from '../engine/model/side-table.ts';
import { describeActions, describeMatch } from './describe-flow.ts';

/** Texts that are kept, at most: each has some 300 bytes. */
const MAX_TEXTS = 250_000;
/** They are dropped when nobody has searched for so long, ms. */
const KEPT_MS = 60_000;

/**
 * What words are looked for in, by row. Putting a flow into words takes longer than all else about
 * a search, so texts are kept for the next one, which mostly comes with the next letter typed.
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

  /** Keeps the texts for a while longer. */
  used(): void {
    this.#drop?.refresh();
  }

  #dropAll(): void {
    this.#rows.leave();
    this.#drop = undefined;
  }
}
