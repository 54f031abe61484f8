import { limitEntries, type SliceQuota } from '../model/slice.ts';
import { type Claim, shares } from './shares.ts';
import type { SliceShare } from './plan.ts';

/**
 * The groups among which a table is divided: group 0 for flows of no declared slice, then one per
 * declared slice. Keeps the entries that each uses, wants and is due.
 */
export class Groups {
  /** Group by slice: 1 + index into the quotas, or 0 for none. */
  #groupOf = new Uint16Array(1);
  #quotas: readonly SliceQuota[] | undefined;
  #names: readonly (string | undefined)[] = [undefined];
  #weights: readonly number[] = [1];
  /** By group: entries in use, including planned moves. */
  used = new Int32Array(1);
  /** Flows with an entry that cannot be moved now. */
  pinned = new Int32Array(1);
  /** Flows that request an entry, and those of them that are worth one. */
  requesting = new Int32Array(1);
  wanted = new Int32Array(1);
  guaranteed = new Int32Array(1);
  maximum = new Int32Array(1);
  share = new Int32Array(1);

  /** Number of groups. */
  get count(): number {
    return this.#names.length;
  }

  /** Starts a plan for a table of `entries`: resets what groups use and want. */
  startPlan(quotas: readonly SliceQuota[], entries: number): void {
    if (quotas !== this.#quotas) this.#regroup(quotas);
    this.used.fill(0);
    this.pinned.fill(0);
    this.requesting.fill(0);
    this.wanted.fill(0);
    this.guaranteed[0] = 0;
    this.maximum[0] = entries;
    let group = 0;
    for (const { declared, guaranteed, maximum } of quotas) {
      if (!declared) continue;
      group++;
      this.guaranteed[group] = guaranteed === undefined ? 0 : limitEntries(guaranteed, entries);
      this.maximum[group] =
        maximum === undefined ? entries : Math.min(entries, limitEntries(maximum, entries));
    }
  }

  /** Group of a flow's slice. */
  groupOf(slice: number): number {
    return slice < this.#groupOf.length ? this.#groupOf[slice] : 0;
  }

  /** Divides `entries` among the groups by guarantee, demand and weight. */
  divide(entries: number): void {
    const claims: Claim[] = this.#weights.map((weight, g) => ({
      weight,
      guaranteed: Math.min(this.guaranteed[g], this.pinned[g] + this.requesting[g]),
      maximum: Math.max(this.maximum[g], this.pinned[g]),
      wanted: Math.max(
        this.pinned[g] + this.wanted[g],
        Math.min(this.guaranteed[g], this.pinned[g] + this.requesting[g]),
      ),
    }));
    this.share.set(shares(claims, entries));
  }

  /** Current shares, for reports. */
  sliceShares(): readonly SliceShare[] {
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

  #regroup(quotas: readonly SliceQuota[]): void {
    this.#quotas = quotas;
    const declared = quotas.filter((t) => t.declared);
    this.#names = [undefined, ...declared.map((t) => t.name)];
    this.#weights = [1, ...declared.map((t) => t.weight)];
    const indexes = quotas.map((t) => declared.indexOf(t) + 1);
    this.#groupOf = Uint16Array.from([0, ...indexes]);
    const n = this.#names.length;
    this.used = new Int32Array(n);
    this.pinned = new Int32Array(n);
    this.requesting = new Int32Array(n);
    this.wanted = new Int32Array(n);
    this.guaranteed = new Int32Array(n);
    this.maximum = new Int32Array(n);
    this.share = new Int32Array(n);
  }
}
