import type { RequestColumns } from '../../engine/model/columns.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { FlowView } from '../model/fact.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Chunk } from './row-condition.ts';

/**
 * The rules in speaking order, over a chunk of rows at a time: `start` it, then `proceed` until
 * that is true, with `ask` whenever it is not.
 */
export class RuleProgram {
  readonly #rules: readonly CompiledRule[];
  readonly #speaking: CompiledRule[] = [];
  readonly #chunk: Chunk;
  #view: FlowView | undefined;
  /** Place of the next rule in `#speaking`. */
  #next = 0;
  /** `rows[0 .. #open)` of the chunk are decided. */
  #open = 0;
  /** End of the rows for which the next rule has to be asked. */
  #asked = 0;

  constructor(rules: readonly CompiledRule[], chunk: Chunk) {
    this.#rules = rules;
    this.#chunk = chunk;
  }

  /** Takes up the tick that `view` looks at: rules that hold for no flow sit it out. */
  begin(view: FlowView): void {
    this.#view = view;
    this.#speaking.length = 0;
    for (const rule of this.#rules) if (rule.begin(view)) this.#speaking.push(rule);
  }

  /** Begins with the rows that are in the chunk now. */
  start({ decision, shadow }: FlowTable): void {
    const { rows, count } = this.#chunk;
    writeNothing(rows, count, decision);
    if (shadow !== undefined) writeNothing(rows, count, shadow);
    this.#next = 0;
    this.#open = 0;
  }

  /**
   * Writes what is asked for each row of the chunk; leaves its rows in another order. False when
   * it has come to a rule that has to be asked first.
   */
  proceed(table: FlowTable): boolean {
    const { rows, count } = this.#chunk;
    for (; this.#next < this.#speaking.length && this.#open < count; this.#next++) {
      const rule = this.#speaking[this.#next];
      const end = rule.split(rows, this.#open, count);
      if (rule.check !== undefined && end > this.#open) {
        this.#asked = end;
        return false;
      }
      this.#speak(rule, end, table);
    }
    return true;
  }

  /** Asks about the rows at which {@link proceed} came to a halt. */
  async ask(table: FlowTable, yieldToEventLoop: YieldToEventLoop): Promise<void> {
    const rule = this.#speaking[this.#next];
    if (this.#view === undefined || rule.check === undefined) return;
    const { rows } = this.#chunk;
    const end = await rule.check.split(this.#view, rows, this.#open, this.#asked, yieldToEventLoop);
    this.#speak(rule, end, table);
    this.#next++;
  }

  /** Has a rule speak for the open rows up to `end`. */
  #speak(rule: CompiledRule, end: number, { decision, shadow }: FlowTable): void {
    const { rows } = this.#chunk;
    const open = this.#open;
    if (shadow !== undefined) rule.write(rows, open, unspoken(rows, open, end, shadow), shadow);
    if (rule.shadow) return;
    rule.write(rows, open, end, decision);
    this.#open = end;
  }
}

/** For rows that are still in the order of the table. */
function writeNothing(
  rows: Int32Array,
  count: number,
  { requested, score, rule, scoredByWorth }: RequestColumns,
): void {
  const first = rows[0];
  const end = rows[count - 1] + 1;
  if (end - first === count) {
    // No dead row in between, as in most chunks.
    requested.fill(RequestedPlacement.none, first, end);
    score.fill(0, first, end);
    rule.fill(0, first, end);
    scoredByWorth.fill(0, first, end);
    return;
  }
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    requested[row] = RequestedPlacement.none;
    score[row] = 0;
    rule[row] = 0;
    scoredByWorth[row] = 0;
  }
}

/** Moves rows for which no rule has spoken yet to the front of `rows[from .. to)`. */
function unspoken(rows: Int32Array, from: number, to: number, { rule }: RequestColumns): number {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    if (rule[row] !== 0) continue;
    rows[i] = rows[end];
    rows[end++] = row;
  }
  return end;
}
