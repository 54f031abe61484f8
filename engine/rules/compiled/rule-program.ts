import type { WishColumns } from '../../model/columns.ts';
import { Wish } from '../../model/flow.ts';
import type { FlowTable } from '../../model/flow-table.ts';
import type { FlowView } from '../fact.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Chunk } from './row-condition.ts';

/** The rules in speaking order, over a chunk of rows at a time. */
export class RuleProgram {
  readonly #rules: readonly CompiledRule[];
  readonly #speaking: CompiledRule[] = [];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  /** Takes up the tick that `view` looks at: rules that hold for no flow sit it out. */
  begin(view: FlowView): void {
    this.#speaking.length = 0;
    for (const rule of this.#rules) if (rule.begin(view)) this.#speaking.push(rule);
  }

  /** Writes what is asked for each row of the chunk; leaves its rows in another order. */
  run(chunk: Chunk, table: FlowTable): void {
    const { rows, count } = chunk;
    const { decision, shadow } = table;
    if (shadow !== undefined) writeNothing(rows, count, shadow);
    writeNothing(rows, count, decision);
    // rows[0 .. open) are decided.
    let open = 0;
    for (const rule of this.#speaking) {
      const end = rule.split(rows, open, count);
      if (shadow !== undefined) rule.write(rows, open, unspoken(rows, open, end, shadow), shadow);
      if (rule.shadow) continue;
      rule.write(rows, open, end, decision);
      open = end;
      if (open === count) return;
    }
  }
}

/** For rows that are still in the order of the table. */
function writeNothing(rows: Int32Array, count: number, { wish, score, rule }: WishColumns): void {
  const first = rows[0];
  const end = rows[count - 1] + 1;
  if (end - first === count) {
    // No dead row in between, as in most chunks.
    wish.fill(Wish.none, first, end);
    score.fill(0, first, end);
    rule.fill(0, first, end);
    return;
  }
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    wish[row] = Wish.none;
    score[row] = 0;
    rule[row] = 0;
  }
}

/** Moves rows for which no rule has spoken yet to the front of `rows[from .. to)`. */
function unspoken(rows: Int32Array, from: number, to: number, { rule }: WishColumns): number {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    if (rule[row] !== 0) continue;
    rows[i] = rows[end];
    rows[end++] = row;
  }
  return end;
}
