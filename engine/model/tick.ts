import type { FlowTable } from './flow-table.ts';
import type { PortSnapshot } from './port.ts';

/** How one telemetry source is doing. */
export interface SourceStatus {
  readonly name: string;
  /** False when the last reading failed or is older than the source's bound. */
  readonly fresh: boolean;
  /** Age of the last good reading, ms; Infinity before the first. */
  readonly ageMs: number;
  /** Failures since the last good reading, and what the last one said. */
  readonly failures: number;
  readonly error: string | undefined;
  /** What the last good reading cost the source, ms. */
  readonly costMs: number;
  /** Period it is polled with now, ms. */
  readonly periodMs: number;
}

/** Load of one port, bits/s in each direction, as its device counts. */
export interface PortLoad {
  readonly rxBitsPerSecond: number;
  readonly txBitsPerSecond: number;
}

/** The node as a whole. */
export interface NodeState {
  /** Share of all CPUs that the host itself uses: 1 - idle - guest, 0 to 1; undefined: not known. */
  readonly hostCpu: number | undefined;
  readonly portLoad: ReadonlyMap<string, PortLoad>;
  /**
   * Estimate of the host's CPU time for one packet on the vSwitch, ns; undefined or left out: not
   * known.
   */
  readonly packetCost?: number | undefined;
}

/**
 * One round of the loop: everything known at one moment. The stream carries ticks, never single
 * flows.
 */
export interface Tick {
  /** Counts from 1. */
  readonly sequence: number;
  /** Clock, ms. */
  readonly atMs: number;
  /** Wall clock, ms since 1970-01-01 UTC; left out: not known. */
  readonly wallMs?: number | undefined;
  /** Time that reading the flows and counters took, ms; left out: not known. */
  readonly readMs?: number;
  /** The flow table; shared from tick to tick and valid until the next one. */
  readonly table: FlowTable;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
  readonly sources: readonly SourceStatus[];
  /** True when the vSwitch's flows are of this moment: entries can be held against them. */
  readonly flowsFresh: boolean;
  /** True when every counter and the ports are of this moment; nothing is moved otherwise. */
  readonly fresh: boolean;
}
