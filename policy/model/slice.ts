import type { SliceQuota } from '../../engine/model/slice.ts';
import type { Place } from './place.ts';

/** A member of a slice; it matches a flow if all its properties do. */
export interface SliceMember {
  /** Name of the input port or the first output port. */
  readonly port?: string;
  /** VM at either end. */
  readonly vm?: string;
  /** VLAN id of the outermost tag. */
  readonly vlan?: number;
  /** Subnet of the source or the destination, such as `10.0.0.0/8`. */
  readonly subnet?: string;
}

/** A declared slice: members and quota. Names are unique. */
export interface SliceDefinition extends SliceQuota {
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** Position in the policy file. */
  readonly at: Place;
  /** A flow belongs to the slice if a member matches. */
  readonly members: readonly SliceMember[];
}

/** Totals of the flows of a slice. */
export interface SliceUse extends Readonly<Record<string, number>> {
  readonly flows: number;
  readonly entries: number;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}
