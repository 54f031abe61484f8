import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { FlowView } from '../model/fact.ts';
import type { KeyColumn } from './key-column.ts';

/** Maximum of slices in a column of 16 bits; flows of further slices count as without slice. */
const MAX_SLICES = 0xffff;

/**
 * Writes each flow's slice to the flow table. Declared slices are always included, slices that only
 * ports name while a flow belongs to them.
 */
export class SliceColumn {
  readonly #keys: KeyColumn;
  readonly #declared: readonly SliceQuota[];
  #quotas: readonly SliceQuota[];

  /** `keys`: key column of slices. */
  constructor(keys: KeyColumn, declared: readonly SliceQuota[]) {
    this.#keys = keys;
    this.#declared = declared;
    this.#quotas = declared;
  }

  /** Slices by value of `decision.slice`, from 1; the same array until they change. */
  get quotas(): readonly SliceQuota[] {
    return this.#quotas;
  }

  /** Writes `decision.slice` of all live rows of the view's table. */
  async write(view: FlowView, yieldToEventLoop: YieldToEventLoop): Promise<void> {
    const numbers = await this.#keys.all(view, yieldToEventLoop);
    this.#writeRows(view.table, view.table.rows, view.table.count, numbers);
  }

  /** Writes `decision.slice` of rows that appeared since the last {@link write}. */
  include(view: FlowView, rows: Int32Array): void {
    this.#keys.startTick(view);
    const numbers = this.#keys.resolved(rows, 0, rows.length);
    this.#writeRows(view.table, rows, rows.length, numbers);
  }

  #writeRows(table: FlowTable, rows: Int32Array, count: number, numbers: Uint32Array): void {
    const indexOf = this.#indexes();
    const { slice } = table.decision;
    for (let i = 0; i < count; i++) slice[rows[i]] = indexOf[numbers[rows[i]]];
  }

  /** Index in the quotas, from 1, by key number. */
  #indexes(): Uint16Array {
    const indexes = new Uint16Array(this.#keys.bound);
    const names = this.#declared.map((s) => s.name);
    const indexByName = new Map(names.map((name, i) => [name, i + 1]));
    for (const [name, number] of this.#keys.numbers()) {
      if (name === undefined) continue;
      let index = indexByName.get(name);
      if (index === undefined && names.length < MAX_SLICES) {
        index = names.push(name);
        indexByName.set(name, index);
      }
      indexes[number] = index ?? 0;
    }
    const same =
      names.length === this.#quotas.length && names.every((n, i) => n === this.#quotas[i].name);
    if (!same)
      this.#quotas = [...this.#declared, ...names.slice(this.#declared.length).map(defaultQuota)];
    return indexes;
  }
}

/** Quota of a slice that no policy declares. */
function defaultQuota(name: string): SliceQuota {
  return { name, declared: false, weight: 1, guaranteed: undefined, maximum: undefined };
}
