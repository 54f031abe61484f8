import type { FlowView } from '../model/fact.ts';
import type { RowCondition } from './row-condition.ts';

/** Holds if all of `children` hold. */
export class EveryOf implements RowCondition {
  readonly #children: readonly RowCondition[];
  readonly #open: RowCondition[] = [];

  constructor(children: readonly RowCondition[]) {
    this.#children = children;
  }

  prepare(view: FlowView): boolean | undefined {
    return prepareAll(this.#children, this.#open, view, false);
  }

  split(rows: Int32Array, from: number, to: number): number {
    let end = to;
    for (let i = 0; i < this.#open.length && end > from; i++) {
      end = this.#open[i].split(rows, from, end);
    }
    return end;
  }
}

/** Holds if at least one of `children` holds. */
export class SomeOf implements RowCondition {
  readonly #children: readonly RowCondition[];
  readonly #open: RowCondition[] = [];

  constructor(children: readonly RowCondition[]) {
    this.#children = children;
  }

  prepare(view: FlowView): boolean | undefined {
    return prepareAll(this.#children, this.#open, view, true);
  }

  split(rows: Int32Array, from: number, to: number): number {
    let end = from;
    for (let i = 0; i < this.#open.length && end < to; i++) {
      end = this.#open[i].split(rows, end, to);
    }
    return end;
  }
}

/** Holds if `child` does not. */
export class NotOf implements RowCondition {
  readonly #child: RowCondition;

  constructor(child: RowCondition) {
    this.#child = child;
  }

  prepare(view: FlowView): boolean | undefined {
    const verdict = this.#child.prepare(view);
    return verdict === undefined ? undefined : !verdict;
  }

  split(rows: Int32Array, from: number, to: number): number {
    const end = this.#child.split(rows, from, to);
    // Exchanges the two parts by swapping rows from both ends; order within a part is irrelevant.
    for (let i = from, j = to - 1; i < end && j >= end; i++, j--) {
      const row = rows[i];
      rows[i] = rows[j];
      rows[j] = row;
    }
    return from + (to - end);
  }
}

/**
 * Prepares `children` and lists in `open` those that depend on the flow. Returns `decisive` if a
 * child has that verdict for every flow, and the opposite if all children have the opposite.
 */
function prepareAll(
  children: readonly RowCondition[],
  open: RowCondition[],
  view: FlowView,
  decisive: boolean,
): boolean | undefined {
  open.length = 0;
  for (const child of children) {
    const verdict = child.prepare(view);
    if (verdict === decisive) return decisive;
    if (verdict === undefined) open.push(child);
  }
  return open.length === 0 ? !decisive : undefined;
}
