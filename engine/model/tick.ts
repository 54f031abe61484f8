import type { FlowTable } from './flow-table.ts';
import type { PortSnapshot } from './port.ts';

/** Status of one telemetry source. */
export interface SourceStatus {
  readonly name: string;
  /** False when the last reading failed or is older than the source's bound. */
  readonly fresh: boolean;
  /** Age of the last successful reading, ms; Infinity before the first. */
  readonly ageMs: number;
  /** Failures since the last successful reading, and the last error. */
  readonly failures: number;
  readonly error: string | undefined;
  /** What the source could not do before its last successful reading; left out: nothing. */
  readonly note?: string;
  /** Time that the last successful reading took from the source, ms. */
  readonly costMs: number;
  /** Current polling period, ms. */
  readonly periodMs: number;
}

/** Load of one port by its device's counters, bits/s per direction. */
export interface PortLoad {
  readonly rxBitsPerSecond: number;
  readonly txBitsPerSecond: number;
}

/** The node as a whole. */
export interface NodeState {
  /** Share of all CPUs that the host itself uses: 1 - idle - guest, 0 to 1; undefined if unknown. */
  readonly hostCpu: number | undefined;
  readonly portLoad: ReadonlyMap<string, PortLoad>;
  /**
   * Estimate of the host's CPU time per packet on the vSwitch, ns; undefined or left out if unknown.
   */
  readonly packetCost?: number | undefined;
}

/**
 * The input of one round of the loop: the state of the node at one moment. Streams carry ticks,
 * never single flows.
 */
export interface Tick {
  /** Counts from 1. */
  readonly sequence: number;
  /** Clock, ms. */
  readonly atMs: number;
  /** Wall clock, ms since 1970-01-01 UTC; left out if unknown. */
  readonly wallMs?: number | undefined;
  /** Time that reading the flows and counters took, ms; left out if unknown. */
  readonly readMs?: number;
  /** The flow table, shared by all ticks; its contents are valid until the next one. */
  readonly table: FlowTable;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
  /**
   * When changes of the ports were last known to be reported, ms of the clock; left out: they are.
   */
  readonly portsSeenAtMs?: number | undefined;
  readonly sources: readonly SourceStatus[];
  /** True if the vSwitch's flows are fresh, so that entries can be compared with them. */
  readonly flowsFresh: boolean;
  /** True if flows, counters and ports are fresh; otherwise nothing is moved. */
  readonly fresh: boolean;
}

/**
 * New flows, read alone between two ticks. Everything else of the tick is as of the last reading of all
 * flows, the times of its table included.
 */
export interface Arrivals extends Tick {
  /** Time of the reading of these flows, ms of the clock. */
  readonly readAtMs: number;
  /** Their rows, ascending. */
  readonly rows: Int32Array;
  /** Those of them that have a first rate, because packets of them were counted. */
  readonly rated: Int32Array;
}
