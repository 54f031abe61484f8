import type { FlowView } from '../model/fact.ts';
import type { RowCondition } from './row-condition.ts';

/** Holds when every one of `children` holds. */
export class EveryOf implements RowCondition {
  readonly #children: readonly RowCondition[];
  readonly #open: RowCondition[] = [];

  constructor(children: readonly RowCondition[]) {
    this.#children = children;
  }

  begin(view: FlowView): boolean | undefined {
    return beginAll(this.#children, this.#open, view, false);
  }

  split(rows: Int32Array, from: number, to: number): number {
    let end = to;
    for (let i = 0; i < this.#open.length && end > from; i++) {
      end = this.#open[i].split(rows, from, end);
    }
    return end;
  }
}

/** Holds when at least one of `children` holds. */
export class SomeOf implements RowCondition {
  readonly #children: readonly RowCondition[];
  readonly #open: RowCondition[] = [];

  constructor(children: readonly RowCondition[]) {
    this.#children = children;
  }

  begin(view: FlowView): boolean | undefined {
    return beginAll(this.#children, this.#open, view, true);
  }

  split(rows: Int32Array, from: number, to: number): number {
    let end = from;
    for (let i = 0; i < this.#open.length && end < to; i++) {
      end = this.#open[i].split(rows, end, to);
    }
    return end;
  }
}

/** Holds when `child` does not. */
export class NotOf implements RowCondition {
  readonly #child: RowCondition;

  constructor(child: RowCondition) {
    this.#child = child;
  }

  begin(view: FlowView): boolean | undefined {
    const verdict = this.#child.begin(view);
    return verdict === undefined ? undefined : !verdict;
  }

  split(rows: Int32Array, from: number, to: number): number {
    const end = this.#child.split(rows, from, to);
    // The outer rows of the two parts change places; which of them is which does not matter.
    for (let i = from, j = to - 1; i < end && j >= end; i++, j--) {
      const row = rows[i];
      rows[i] = rows[j];
      rows[j] = row;
    }
    return from + (to - end);
  }
}

/**
 * Begins `children` and lists in `open` those that depend on the flow. Returns `settles` as soon
 * as one of them settles it for every flow, its opposite when all of them have the other verdict.
 */
function beginAll(
  children: readonly RowCondition[],
  open: RowCondition[],
  view: FlowView,
  settles: boolean,
): boolean | undefined {
  open.length = 0;
  for (const child of children) {
    const verdict = child.begin(view);
    if (verdict === settles) return settles;
    if (verdict === undefined) open.push(child);
  }
  return open.length === 0 ? !settles : undefined;
}
