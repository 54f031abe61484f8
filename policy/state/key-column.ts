import { type YieldToEventLoop, CHUNK_ROWS } from '../../async/yield-to-event-loop.ts';
import type { Uint32Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowKey, FlowView } from '../model/fact.ts';

/** Key of the view's flow; undefined if it has none. */
const KEY_OF: Readonly<Record<FlowKey, (view: FlowView) => string | undefined>> = {
  inPort: (v) => v.table.matchAt(v.row).inPort,
  outPort: (v) => v.outPorts[0],
  slice: (v) => v.slice,
  /** Slice of an offloadable flow; other flows have no rank. */
  rankedSlice: (v) => (isOffloadable(v) ? v.slice : undefined),
};

/** Same as the fact `offloadable`. */
function isOffloadable({ table, row }: FlowView): boolean {
  if (table.matchAt(row).opaque.length > 0) return false;
  for (const action of table.actionsAt(row)) if (action.kind === 'opaque') return false;
  return true;
}

/**
 * Maps each flow's key, a string that depends on its match, actions and ports, to a small number.
 * Flows without a key share a number, too. Numbers are reassigned when the ports change, so that
 * numbers of removed ports do not accumulate.
 */
export class KeyColumn {
  readonly #keyOf: (view: FlowView) => string | undefined;
  readonly #numbers = new Map<string | undefined, number>();
  readonly #keys: Uint32Column;
  #ports: PortSnapshot | undefined;
  #view: FlowView | undefined;

  /** `flows`: a side table with the lifetime `version`, which follows the flow table. */
  constructor(flows: SideTable, keyOf: (view: FlowView) => string | undefined) {
    this.#keys = flows.uint32();
    this.#keyOf = keyOf;
  }

  /** Exclusive upper bound of the numbers. */
  get bound(): number {
    return this.#numbers.size + 1;
  }

  /** Starts the view's tick. */
  startTick(view: FlowView): void {
    this.#view = view;
    if (view.context.ports === this.#ports) return;
    this.#ports = view.context.ports;
    this.#keys.clear();
    this.#numbers.clear();
  }

  /** The column, valid for `rows[from .. to)`; numbers count from 1. */
  resolved(rows: Int32Array, from: number, to: number): Uint32Array {
    const keys = this.#keys.values;
    for (let i = from; i < to; i++) if (keys[rows[i]] === 0) this.#resolve(rows[i]);
    return keys;
  }

  /** The column, valid for all live rows of the table. */
  async all(view: FlowView, yieldToEventLoop: YieldToEventLoop): Promise<Uint32Array> {
    const { rows, count } = view.table;
    this.startTick(view);
    for (let from = 0; from < count; from += CHUNK_ROWS) {
      this.resolved(rows, from, Math.min(count, from + CHUNK_ROWS));
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
    return this.#keys.values;
  }

  /** Keys with their numbers, since numbers were last reassigned. */
  numbers(): Iterable<readonly [string | undefined, number]> {
    return this.#numbers;
  }

  /** Number of a key; 0 if no flow has had it. */
  numberOf(key: string | undefined): number {
    return this.#numbers.get(key) ?? 0;
  }

  #resolve(row: number): void {
    const view = this.#view;
    if (view === undefined) return;
    view.row = row;
    const key = this.#keyOf(view);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(key, number);
    }
    this.#keys.values[row] = number;
  }
}

/** Key columns, shared by facts and conditions. */
export class KeyColumns {
  readonly #flows: SideTable;
  readonly #columns = new Map<FlowKey, KeyColumn>();

  /** `flows`: see {@link KeyColumn}. */
  constructor(flows: SideTable) {
    this.#flows = flows;
  }

  of(key: FlowKey): KeyColumn {
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = new KeyColumn(this.#flows, KEY_OF[key]);
      this.#columns.set(key, column);
    }
    return column;
  }
}
