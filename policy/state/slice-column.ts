import type { SliceQuota } from '../../engine/model/slice.ts';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { FlowView } from '../model/fact.ts';
import type { KeyColumn } from './key-column.ts';

/** Slices that a column of 16 bits can tell apart; flows of others count as of none. */
const MAX_SLICES = 0xffff;

/**
 * Tells the flow table which slice each flow belongs to. Slices that policies declare are always
 * known; those that only ports name are while a flow belongs to them.
 */
export class SliceColumn {
  readonly #keys: KeyColumn;
  readonly #declared: readonly SliceQuota[];
  #terms: readonly SliceQuota[];

  /** `keys`: the number of each flow's slice. */
  constructor(keys: KeyColumn, declared: readonly SliceQuota[]) {
    this.#keys = keys;
    this.#declared = declared;
    this.#terms = declared;
  }

  /** The slices that `decision.slice` counts, from 1; the same array while they are the same. */
  get terms(): readonly SliceQuota[] {
    return this.#terms;
  }

  /** Writes `decision.slice` of every live row of the table that `view` looks at. */
  async write(view: FlowView, yieldToEventLoop: YieldToEventLoop): Promise<void> {
    const numbers = await this.#keys.all(view, yieldToEventLoop);
    const indexOf = this.#indexes();
    const { rows, count } = view.table;
    const { slice } = view.table.decision;
    for (let i = 0; i < count; i++) slice[rows[i]] = indexOf[numbers[rows[i]]];
  }

  /** By number of the keys, the slice's place in the terms, from 1. */
  #indexes(): Uint16Array {
    const indexes = new Uint16Array(this.#keys.bound);
    const names = this.#declared.map((s) => s.name);
    const places = new Map(names.map((name, i) => [name, i + 1]));
    for (const [name, number] of this.#keys.numbers()) {
      if (name === undefined) continue;
      let place = places.get(name);
      if (place === undefined && names.length < MAX_SLICES) {
        place = names.push(name);
        places.set(name, place);
      }
      indexes[number] = place ?? 0;
    }
    const same =
      names.length === this.#terms.length && names.every((n, i) => n === this.#terms[i].name);
    if (!same) this.#terms = [...this.#declared, ...names.slice(this.#declared.length).map(plain)];
    return indexes;
  }
}

/** What a slice that no policy speaks of gets. */
function plain(name: string): SliceQuota {
  return { name, declared: false, weight: 1, guaranteed: undefined, maximum: undefined };
}
