import type { SliceQuota } from '../../engine/model/slice.ts';

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

/** A slice of the node: who belongs to it, and what it gets of a table. Names are unique. */
export interface SliceDefinition extends SliceQuota {
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** A flow belongs to the slice when one of them says so. */
  readonly members: readonly SliceMember[];
}

/** What the flows of one slice have and do, together. */
export interface SliceUse extends Readonly<Record<string, number>> {
  readonly flows: number;
  readonly entries: number;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}
