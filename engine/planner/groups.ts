import { limitEntries, type SliceQuota } from '../model/slice.ts';
import { type Claim, shares } from './shares.ts';
import type { SliceShare } from './plan.ts';

/**
 * The parts that a table is divided into: group 0 for flows of no declared slice, then one for each
 * declared slice. Counts what each has, wants and is due.
 */
export class Groups {
  /** By slice, 1 + index into the terms, and 0 for none: its group. */
  #groupOf = new Uint16Array(1);
  #terms: readonly SliceQuota[] | undefined;
  #names: readonly (string | undefined)[] = [undefined];
  #weights: readonly number[] = [1];
  /** By group. Entries that flows have now, moves that were planned included. */
  used = new Int32Array(1);
  /** Flows with an entry that cannot be moved now. */
  pinned = new Int32Array(1);
  /** Flows that may have an entry: those that have one or send, and of these, those worth it. */
  asking = new Int32Array(1);
  wanted = new Int32Array(1);
  guaranteed = new Int32Array(1);
  maximum = new Int32Array(1);
  share = new Int32Array(1);

  /** Number of groups. */
  get count(): number {
    return this.#names.length;
  }

  /** Begins a plan in a table of so many entries: nobody has or wants any. */
  begin(terms: readonly SliceQuota[], entries: number): void {
    if (terms !== this.#terms) this.#divide(terms);
    this.used.fill(0);
    this.pinned.fill(0);
    this.asking.fill(0);
    this.wanted.fill(0);
    this.guaranteed[0] = 0;
    this.maximum[0] = entries;
    let group = 0;
    for (const { declared, guaranteed, maximum } of terms) {
      if (!declared) continue;
      group++;
      this.guaranteed[group] = guaranteed === undefined ? 0 : limitEntries(guaranteed, entries);
      this.maximum[group] =
        maximum === undefined ? entries : Math.min(entries, limitEntries(maximum, entries));
    }
  }

  /** The group of a flow's slice. */
  of(slice: number): number {
    return slice < this.#groupOf.length ? this.#groupOf[slice] : 0;
  }

  /** Settles what is due to each, of so many entries: by what is guaranteed, wanted and weighed. */
  settle(entries: number): void {
    const claims: Claim[] = this.#weights.map((weight, g) => ({
      weight,
      guaranteed: Math.min(this.guaranteed[g], this.pinned[g] + this.asking[g]),
      maximum: Math.max(this.maximum[g], this.pinned[g]),
      wanted: Math.max(
        this.pinned[g] + this.wanted[g],
        Math.min(this.guaranteed[g], this.pinned[g] + this.asking[g]),
      ),
    }));
    this.share.set(shares(claims, entries));
  }

  /** The shares as they are now, for people. */
  report(): readonly SliceShare[] {
    return this.#names.map((slice, g) => ({
      slice,
      weight: this.#weights[g],
      guaranteed: this.guaranteed[g],
      maximum: this.maximum[g],
      wanted: this.pinned[g] + this.wanted[g],
      share: this.share[g],
      used: this.used[g],
    }));
  }

  #divide(terms: readonly SliceQuota[]): void {
    this.#terms = terms;
    const declared = terms.filter((t) => t.declared);
    this.#names = [undefined, ...declared.map((t) => t.name)];
    this.#weights = [1, ...declared.map((t) => t.weight)];
    const indexes = terms.map((t) => declared.indexOf(t) + 1);
    this.#groupOf = Uint16Array.from([0, ...indexes]);
    const n = this.#names.length;
    this.used = new Int32Array(n);
    this.pinned = new Int32Array(n);
    this.asking = new Int32Array(n);
    this.wanted = new Int32Array(n);
    this.guaranteed = new Int32Array(n);
    this.maximum = new Int32Array(n);
    this.share = new Int32Array(n);
  }
}
