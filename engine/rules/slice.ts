/** What a slice gets of a table: so many entries, or a share of all of them, 0 to 1. */
export type SliceLimit =
  | { readonly kind: 'entries'; readonly value: number }
  | { readonly kind: 'share'; readonly value: number };

/** Who belongs to a slice: a flow for which everything that is named here is so. */
export interface SliceMember {
  /** Name of the port it enters by or is first sent to. */
  readonly port?: string;
  /** VM at either end. */
  readonly vm?: string;
  /** VLAN id of the outermost tag. */
  readonly vlan?: number;
  /** Subnet that its source or its destination lies in, as `10.0.0.0/8`. */
  readonly subnet?: string;
}

/** A slice of the node: who belongs to it, and what it gets of a table. */
export interface SliceDefinition {
  /** Unique among all policies. */
  readonly name: string;
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** A flow belongs to the slice when one of them says so. */
  readonly members: readonly SliceMember[];
  /** Its part of what nobody has a guarantee for, relative to the other slices' weights. */
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
