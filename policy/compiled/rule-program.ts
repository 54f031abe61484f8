import type { RequestColumns } from '../../engine/model/columns.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { FlowView } from '../model/fact.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Chunk } from './row-condition.ts';

/**
 * Applies the rules in order of precedence to a chunk of rows: call `startChunk`, then `advance`
 * until it returns true, with `query` after each false.
 */
export class RuleProgram {
  readonly #rules: readonly CompiledRule[];
  readonly #active: CompiledRule[] = [];
  readonly #chunk: Chunk;
  #view: FlowView | undefined;
  /** Index of the next rule in `#active`. */
  #next = 0;
  /** `rows[0 .. #decidedEnd)` of the chunk are decided. */
  #decidedEnd = 0;
  /** End of the rows for which the next rule needs a query. */
  #queryEnd = 0;

  constructor(rules: readonly CompiledRule[], chunk: Chunk) {
    this.#rules = rules;
    this.#chunk = chunk;
  }

  /** Starts the view's tick; rules that hold for no flow are skipped in it. */
  startTick(view: FlowView): void {
    this.#view = view;
    this.#active.length = 0;
    for (const rule of this.#rules) if (rule.prepare(view)) this.#active.push(rule);
  }

  /** Starts a chunk. */
  startChunk({ decision, shadow }: FlowTable): void {
    const { rows, count } = this.#chunk;
    resetRequests(rows, count, decision);
    if (shadow !== undefined) resetRequests(rows, count, shadow);
    this.#next = 0;
    this.#decidedEnd = 0;
  }

  /**
   * Writes the requests for the rows of the chunk, and reorders the rows. False if the next rule
   * needs a query.
   */
  advance(table: FlowTable): boolean {
    const { rows, count } = this.#chunk;
    for (; this.#next < this.#active.length && this.#decidedEnd < count; this.#next++) {
      const rule = this.#active[this.#next];
      const end = rule.split(rows, this.#decidedEnd, count);
      if (rule.check !== undefined && end > this.#decidedEnd) {
        this.#queryEnd = end;
        return false;
      }
      this.#apply(rule, end, table);
    }
    return true;
  }

  /** Runs the query for which {@link advance} stopped. */
  async query(table: FlowTable, yieldToEventLoop: YieldToEventLoop): Promise<void> {
    const rule = this.#active[this.#next];
    if (this.#view === undefined || rule.check === undefined) return;
    const { rows } = this.#chunk;
    const end = await rule.check.split(
      this.#view,
      rows,
      this.#decidedEnd,
      this.#queryEnd,
      yieldToEventLoop,
    );
    this.#apply(rule, end, table);
    this.#next++;
  }

  /** Applies a rule to the undecided rows up to `end`. */
  #apply(rule: CompiledRule, end: number, { decision, shadow }: FlowTable): void {
    const { rows } = this.#chunk;
    const from = this.#decidedEnd;
    if (shadow !== undefined)
      rule.write(rows, from, moveUndecided(rows, from, end, shadow), shadow);
    if (rule.shadow) return;
    rule.write(rows, from, end, decision);
    this.#decidedEnd = end;
  }
}

/** Resets the requests of rows in the order of the table. */
function resetRequests(
  rows: Int32Array,
  count: number,
  { requested, score, rule, scoredByWorth }: RequestColumns,
): void {
  const first = rows[0];
  const end = rows[count - 1] + 1;
  if (end - first === count) {
    // The rows are contiguous, as in most chunks.
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

/** Moves rows without a deciding rule to the front of `rows[from .. to)`; returns their end. */
function moveUndecided(
  rows: Int32Array,
  from: number,
  to: number,
  { rule }: RequestColumns,
): number {
  let end = from;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    if (rule[row] !== 0) continue;
    rows[i] = rows[end];
    rows[end++] = row;
  }
  return end;
}
