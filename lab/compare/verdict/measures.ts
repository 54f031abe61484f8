import type { Counts } from '../guest/agent.ts';
import type { Stream } from '../traffic/stream.ts';

/** What arrived of one part of a stream. */
export interface Arrivals extends Counts {
  readonly sent: number;
}

/** One stream of a run. */
export interface StreamMeasures {
  readonly from: Stream['from'];
  readonly unit: Stream['unit'];
  /** From the first packet until the surroundings change. */
  readonly before: Arrivals;
  /** After they have changed. */
  readonly after: Arrivals;
}

/** A transfer between two guests whose flows no policy offloads. */
export interface BystanderMeasures {
  readonly bitsPerSecond: number;
  /** Mean size of the packets that its sender handed to the host: large with TSO. */
  readonly bytesPerPacket: number;
}

/** What a user sees in one run of a case. */
export interface Measures {
  readonly streams: readonly StreamMeasures[];
  /** Packets that the receiver's kernel discarded for a wrong checksum. */
  readonly checksumErrors: number;
  /** Count of the surroundings, such as mirrored bytes; 0 where they count nothing. */
  readonly reported: number;
  /** Bytes that OpenFlow rules and entries counted for the flow, together. */
  readonly accountedBytes: number;
  readonly bystander: BystanderMeasures;
}

/** Bytes that Norikae carried past the vSwitch. */
export interface Offloaded {
  readonly before: number;
  readonly after: number;
}

/** A run of a case with Norikae. */
export interface OffloadedRun {
  readonly measures: Measures;
  readonly offloaded: Offloaded;
  /** Why nothing was offloaded; undefined: something was. */
  readonly notServed: string | undefined;
}
