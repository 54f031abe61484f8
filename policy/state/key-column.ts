import { type YieldToEventLoop, CHUNK_ROWS } from '../../async/yield-to-event-loop.ts';
import type { Uint32Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowKey, FlowView } from '../model/fact.ts';

/** The key of the flow that `view` looks at; undefined: it has none. */
const KEY_OF: Readonly<Record<FlowKey, (view: FlowView) => string | undefined>> = {
  inPort: (v) => v.table.matchAt(v.row).inPort,
  outPort: (v) => v.outPorts[0],
  slice: (v) => v.slice,
  /** Slice of a flow that can be offloaded: the others have no rank in theirs. */
  rankedSlice: (v) => (isOffloadable(v) ? v.slice : undefined),
};

/** As the fact `offloadable` says. */
function isOffloadable({ table, row }: FlowView): boolean {
  if (table.matchAt(row).opaque.length > 0) return false;
  for (const action of table.actionsAt(row)) if (action.kind === 'opaque') return false;
  return true;
}

/**
 * A small number for each flow in place of a text that follows from what the flow is. Flows
 * without a key have a number of their own, too. Numbers are given anew when the ports change, so
 * that those of ports long gone do not pile up.
 */
export class KeyColumn {
  readonly #keyOf: (view: FlowView) => string | undefined;
  readonly #numbers = new Map<string | undefined, number>();
  readonly #keys: Uint32Column;
  #ports: PortSnapshot | undefined;
  #view: FlowView | undefined;

  /** `flows`: a side table of what flows are, which follows the table that is looked at. */
  constructor(flows: SideTable, keyOf: (view: FlowView) => string | undefined) {
    this.#keys = flows.uint32();
    this.#keyOf = keyOf;
  }

  /** An upper bound of every number there is. */
  get bound(): number {
    return this.#numbers.size + 1;
  }

  /** Takes up the tick that `view` looks at. */
  begin(view: FlowView): void {
    this.#view = view;
    if (view.context.ports === this.#ports) return;
    this.#ports = view.context.ports;
    this.#keys.clear();
    this.#numbers.clear();
  }

  /** The column, with the numbers of `rows[from .. to)` in place; they count from 1. */
  resolved(rows: Int32Array, from: number, to: number): Uint32Array {
    const keys = this.#keys.values;
    for (let i = from; i < to; i++) if (keys[rows[i]] === 0) this.#resolve(rows[i]);
    return keys;
  }

  /** The column, with the numbers of all live rows of the table in place. */
  async all(view: FlowView, yieldToEventLoop: YieldToEventLoop): Promise<Uint32Array> {
    const { rows, count } = view.table;
    this.begin(view);
    for (let from = 0; from < count; from += CHUNK_ROWS) {
      this.resolved(rows, from, Math.min(count, from + CHUNK_ROWS));
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
    return this.#keys.values;
  }

  /** Every key that a flow has had since numbers were last given anew, with its number. */
  numbers(): Iterable<readonly [string | undefined, number]> {
    return this.#numbers;
  }

  /** Number of a key; 0 when no flow has had it. */
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

/** The key columns that facts and conditions share. */
export class KeyColumns {
  readonly #flows: SideTable;
  readonly #columns = new Map<FlowKey, KeyColumn>();

  /** `flows`: as for {@link KeyColumn}. */
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
