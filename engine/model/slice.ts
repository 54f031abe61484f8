/** A quota of a table: a number of entries, or a share of all entries, 0 to 1. */
export type SliceLimit =
  | { readonly kind: 'entries'; readonly value: number }
  | { readonly kind: 'share'; readonly value: number };

/** Quota of a slice: guarantee, maximum and weight. */
export interface SliceQuota {
  readonly name: string;
  /**
   * False: only ports name it, no policy declares it. Flows of all such slices, and of none, share
   * one part of the table.
   */
  readonly declared: boolean;
  /** Its part of the entries beyond all guarantees, relative to the weights of the others. */
  readonly weight: number;
  /** Undefined: no guarantee. */
  readonly guaranteed: SliceLimit | undefined;
  /** Undefined: no maximum. */
  readonly maximum: SliceLimit | undefined;
}

/** A quota in entries of a table of `entries`. */
export function limitEntries(limit: SliceLimit, entries: number): number {
  return limit.kind === 'entries' ? limit.value : Math.floor(limit.value * entries);
}
