import type { FlowActions } from './action.ts';
import { resizedU32 } from './columns.ts';
import type { FlowId } from './flow-id.ts';
import { FlowIndex } from './flow-index.ts';
import type { FlowMatch } from './match.ts';

const GONE_MATCH: FlowMatch = { inPort: '', fields: [], opaque: [] };
const GONE_ACTIONS: FlowActions = [];

/** Which flow each row of a flow table holds: its id, match and actions, and their versions. */
export class RowFlows {
  /**
   * By row: number of flows that the row has held so far. While it does not change, the row has the
   * same flow.
   */
  generation = new Uint32Array(0);
  /**
   * By row: number of flows that the row has held, plus the changes of their matches and actions.
   * While it does not change, everything derived from flow, match and actions stays valid.
   */
  changes = new Uint32Array(0);
  /** What these two start with in new rows: more than any row had that was dropped. */
  #firstGeneration = 0;
  #firstChange = 0;
  /** Version of the match and actions, starting at 1. */
  #version = new Uint32Array(0);
  #words = new Uint32Array(0);
  readonly #index = new FlowIndex(this.#words);
  #matches: FlowMatch[] = [];
  #actions: FlowActions[] = [];

  /** Row of a flow, or -1 if no row holds it. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** Gives a row to a flow that no row holds. */
  start(row: number, id: FlowId, match: FlowMatch, actions: FlowActions): void {
    const at = row * 4;
    this.#words[at] = id.w0;
    this.#words[at + 1] = id.w1;
    this.#words[at + 2] = id.w2;
    this.#words[at + 3] = id.w3;
    this.#index.insert(row);
    this.#matches[row] = match;
    this.#actions[row] = actions;
    this.#version[row] = 1;
    this.generation[row]++;
    this.changes[row]++;
  }

  /** The row's flow is no longer found; its id, match and actions stay readable until `drop`. */
  remove(row: number): void {
    this.#index.remove(row);
  }

  /** Releases the match and actions of a row's removed flow. */
  drop(row: number): void {
    this.#matches[row] = GONE_MATCH;
    this.#actions[row] = GONE_ACTIONS;
  }

  setMatch(row: number, match: FlowMatch): void {
    this.#matches[row] = match;
    this.#version[row]++;
    this.changes[row]++;
  }

  setActions(row: number, actions: FlowActions): void {
    this.#actions[row] = actions;
    this.#version[row]++;
    this.changes[row]++;
  }

  idAt(row: number): FlowId {
    const at = row * 4;
    const w = this.#words;
    return { w0: w[at], w1: w[at + 1], w2: w[at + 2], w3: w[at + 3] };
  }

  matchAt(row: number): FlowMatch {
    return this.#matches[row] ?? GONE_MATCH;
  }

  actionsAt(row: number): FlowActions {
    return this.#actions[row] ?? GONE_ACTIONS;
  }

  versionAt(row: number): number {
    return this.#version[row];
  }

  /** Changes the number of rows; new ones are free, and dropped ones must not hold a flow. */
  resize(rows: number): void {
    const before = this.generation.length;
    for (let row = rows; row < before; row++) {
      if (this.generation[row] > this.#firstGeneration) {
        this.#firstGeneration = this.generation[row];
      }
      if (this.changes[row] > this.#firstChange) this.#firstChange = this.changes[row];
    }
    this.#words = resizedU32(this.#words, rows * 4);
    this.#index.rebase(this.#words);
    if (rows > before) this.#index.reserve(rows);
    else this.#index.shrink(rows);
    this.#version = resizedU32(this.#version, rows);
    this.generation = resizedU32(this.generation, rows).fill(this.#firstGeneration, before);
    this.changes = resizedU32(this.changes, rows).fill(this.#firstChange, before);
    this.#matches = resized(this.#matches, rows, GONE_MATCH);
    this.#actions = resized(this.#actions, rows, GONE_ACTIONS);
  }
}

/** A copy of `old` with `length` elements; new elements are `rest`. */
function resized<T>(old: readonly T[], length: number, rest: T): T[] {
  const next = old.slice(0, length);
  next.length = length;
  return next.fill(rest, old.length);
}
