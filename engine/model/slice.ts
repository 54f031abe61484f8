/** What a slice gets of a table: so many entries, or a share of all of them, 0 to 1. */
export type SliceLimit =
  | { readonly kind: 'entries'; readonly value: number }
  | { readonly kind: 'share'; readonly value: number };

/** What a slice may have of a table. */
export interface SliceQuota {
  readonly name: string;
  /**
   * False: no policy speaks of it, only ports do. Flows of all such slices, and of none, share one
   * part of the table.
   */
  readonly declared: boolean;
  /** Its part of what nobody has a guarantee for, relative to the others' weights. */
  readonly weight: number;
  /** Undefined: nothing is guaranteed. */
  readonly guaranteed: SliceLimit | undefined;
  /** Undefined: it may have all. */
  readonly maximum: SliceLimit | undefined;
}

/** Entries that a limit means in a table of `entries`. */
export function limitEntries(limit: SliceLimit, entries: number): number {
  return limit.kind === 'entries' ? limit.value : Math.floor(limit.value * entries);
}
