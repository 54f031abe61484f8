import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { Uint8Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import type { FlowView } from '../model/fact.ts';
import type { KeyColumn } from '../state/key-column.ts';
import type { RowCondition } from './row-condition.ts';

/** Whether a condition holds for the view's flow. */
export type FlowTest = (view: FlowView) => boolean;

const NO = 1;
const YES = 2;

/** A condition on the node: one verdict for all flows. */
export class NodeCondition implements RowCondition {
  readonly #test: FlowTest;

  constructor(test: FlowTest) {
    this.#test = test;
  }

  prepare(view: FlowView): boolean {
    return this.#test(view);
  }

  split(_rows: Int32Array, _from: number, to: number): number {
    return to;
  }
}

/** A condition that is tested for each flow in each tick. */
export class UncachedCondition implements RowCondition {
  readonly #test: FlowTest;
  #view: FlowView | undefined;

  constructor(test: FlowTest) {
    this.#test = test;
  }

  prepare(view: FlowView): undefined {
    this.#view = view;
  }

  split(rows: Int32Array, from: number, to: number): number {
    const view = this.#view;
    if (view === undefined) return from;
    let end = from;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      view.row = row;
      if (!this.#test(view)) continue;
      rows[i] = rows[end];
      rows[end++] = row;
    }
    return end;
  }
}

/**
 * A condition on the flow's match and actions. Its verdict is cached until these or, if the
 * condition uses them, the ports change.
 */
export class CachedCondition implements RowCondition {
  readonly #usesPorts: boolean;
  readonly #test: FlowTest;
  /** A value of the node that the condition also uses. */
  readonly #nodeValue: ((view: FlowView) => unknown) | undefined;
  #lastNodeValue: unknown;
  #lastPorts: PortSnapshot | undefined;
  readonly #verdicts: Uint8Column;
  #view: FlowView | undefined;

  /**
   * `flows`: a side table with the lifetime `version`, which follows the flow table; `ports`: the
   * test uses the port directory.
   */
  constructor(
    flows: SideTable,
    ports: boolean,
    test: FlowTest,
    nodeValue?: (view: FlowView) => unknown,
  ) {
    this.#verdicts = flows.uint8();
    this.#usesPorts = ports;
    this.#test = test;
    this.#nodeValue = nodeValue;
  }

  prepare(view: FlowView): undefined {
    this.#view = view;
    const value = this.#nodeValue?.(view);
    const ports = this.#usesPorts ? view.context.ports : undefined;
    if (ports === this.#lastPorts && Object.is(value, this.#lastNodeValue)) return;
    this.#lastPorts = ports;
    this.#lastNodeValue = value;
    this.#verdicts.clear();
  }

  split(rows: Int32Array, from: number, to: number): number {
    const verdicts = this.#verdicts.values;
    let end = from;
    let unknown = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const verdict = verdicts[row];
      rows[i] = rows[end];
      rows[end] = row;
      end += verdict >> 1;
      unknown |= verdict - NO;
    }
    // The loop treats new flows, which have no verdict, as not matching.
    return unknown < 0 ? this.#splitNew(rows, end, to) : end;
  }

  /** Tests the new flows in `rows[from .. to)`; the others do not match. */
  #splitNew(rows: Int32Array, from: number, to: number): number {
    const view = this.#view;
    if (view === undefined) return from;
    const verdicts = this.#verdicts.values;
    let end = from;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      if (verdicts[row] !== 0) continue;
      view.row = row;
      verdicts[row] = this.#test(view) ? YES : NO;
      if (verdicts[row] === NO) continue;
      rows[i] = rows[end];
      rows[end++] = row;
    }
    return end;
  }
}

/** A condition with one verdict per key and tick. */
export class KeyedCondition implements RowCondition {
  readonly #keys: KeyColumn;
  readonly #test: FlowTest;
  #verdicts = new Uint8Array(256);
  #view: FlowView | undefined;

  constructor(keys: KeyColumn, test: FlowTest) {
    this.#keys = keys;
    this.#test = test;
  }

  prepare(view: FlowView): undefined {
    this.#view = view;
    this.#keys.startTick(view);
    this.#verdicts.fill(0);
  }

  split(rows: Int32Array, from: number, to: number): number {
    const keys = this.#keys.resolved(rows, from, to);
    let end = from;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const key = keys[row];
      let verdict = key < this.#verdicts.length ? this.#verdicts[key] : 0;
      if (verdict === 0) verdict = this.#testKey(row, key);
      rows[i] = rows[end];
      rows[end] = row;
      end += verdict - NO;
    }
    return end;
  }

  #testKey(row: number, key: number): number {
    const view = this.#view;
    if (view === undefined) return NO;
    if (key >= this.#verdicts.length) this.#verdicts = grown(this.#verdicts, key + 1);
    view.row = row;
    const verdict = this.#test(view) ? YES : NO;
    this.#verdicts[key] = verdict;
    return verdict;
  }
}

/** A condition on a column of codes: one verdict per code. */
export class CodeCondition implements RowCondition {
  readonly #of: (table: FlowTable) => Uint8Array;
  readonly #test: (view: FlowView, code: number) => boolean;
  readonly #verdicts: Uint8Array;
  #codes: Uint8Array = new Uint8Array(0);

  /** `codes`: number of codes, which count from 0. */
  constructor(
    of: (table: FlowTable) => Uint8Array,
    codes: number,
    test: (view: FlowView, code: number) => boolean,
  ) {
    this.#of = of;
    this.#test = test;
    this.#verdicts = new Uint8Array(codes);
  }

  prepare(view: FlowView): boolean | undefined {
    this.#codes = this.#of(view.table);
    let holding = 0;
    for (let code = 0; code < this.#verdicts.length; code++) {
      this.#verdicts[code] = this.#test(view, code) ? 1 : 0;
      holding += this.#verdicts[code];
    }
    if (holding === 0) return false;
    return holding === this.#verdicts.length ? true : undefined;
  }

  split(rows: Int32Array, from: number, to: number): number {
    const codes = this.#codes;
    const verdicts = this.#verdicts;
    let end = from;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      rows[i] = rows[end];
      rows[end] = row;
      end += verdicts[codes[row]];
    }
    return end;
  }
}

/** A copy with twice the needed length. */
function grown(old: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(length * 2);
  next.set(old);
  return next;
}
