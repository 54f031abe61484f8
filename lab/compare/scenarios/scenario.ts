import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import type { Bed } from '../bed/bed.ts';
import type { Tolerance } from '../verdict/tolerances.ts';

/** A number that a scenario measures. */
export interface Quantity {
  /** In words, with the unit. */
  readonly what: string;
  /** The change that counts as a difference. */
  readonly worse: 'fewer' | 'more' | 'either';
  readonly tolerance: Tolerance;
}

/** One run of a scenario. */
export interface ScenarioRun {
  /** One per quantity. */
  readonly values: readonly number[];
  /** Bytes that Norikae carried past the vSwitch. */
  readonly offloadedBytes: number;
}

/** Starts the daemon on the node; the scenario stops it. */
export type StartDaemon = (
  settings?: Parameters<typeof NorikaeDaemon.start>[1],
) => Promise<NorikaeDaemon>;

/** An experiment that the matrix of cases does not cover: time, order, or flows that are not offloaded. */
export interface Scenario {
  readonly name: string;
  /** What happens in it, without a full stop. */
  readonly text: string;
  readonly quantities: readonly Quantity[];
  /**
   * True: Norikae changes nothing here because it offloads nothing. Such a scenario counts without
   * offloaded bytes.
   */
  readonly withoutOffload: boolean;
  /** Runs it. `startDaemon` is undefined in the run without Norikae. */
  measure(bed: Bed, startDaemon: StartDaemon | undefined): Promise<ScenarioRun>;
}
