import type { WaitOptions } from '../../testbed/wait.ts';

/** How fast a node is. Times are ms, and what is sent does not depend on whether Norikae runs. */
export interface Pace {
  /** Packets/s of a case: far below what the vSwitch carries, so that it loses none. */
  readonly packetsPerSecond: number;
  /** The daemon reads the flows this often. */
  readonly pollMs: number;
  /** How long the daemon's first tick may take. */
  readonly ready: WaitOptions;
  /** Time between two questions to the daemon, which answers them between its ticks. */
  readonly askMs: number;
  /** A flow that will be offloaded is, after this time; ports are served. */
  readonly placedMs: number;
  /** Time for the counters of a few more ticks. */
  readonly ticksMs: number;
  /** A flow without packets for longer is of an earlier run. */
  readonly recentMs: number;
  /** Longer than any pause between the parts of a case. */
  readonly maxIdleMs: number;
  /** The vSwitch and Norikae have this long to notice that the surroundings have changed. */
  readonly settleMs: number;
  /** The counts are final when nothing has arrived for this long. */
  readonly quietMs: number;
  readonly drainMs: number;
  /** Chunks of 64,000 bytes that a bystander transfers, and how often. */
  readonly bystander: { readonly chunks: number; readonly transfers: number };
}

/** The machine itself. */
export const ON_HOST: Pace = {
  packetsPerSecond: 1_000,
  pollMs: 100,
  ready: { timeoutMs: 20_000 },
  askMs: 20,
  placedMs: 1_000,
  ticksMs: 3_000,
  recentMs: 2_000,
  maxIdleMs: 3_000,
  settleMs: 400,
  quietMs: 100,
  drainMs: 2_000,
  bystander: { chunks: 60, transfers: 3 },
};

/** A guest of the kernel lab, whose emulated processor runs JavaScript 25 times slower. */
export const IN_GUEST: Pace = {
  packetsPerSecond: 200,
  pollMs: 500,
  ready: { timeoutMs: 150_000, everyMs: 1_000 },
  askMs: 400,
  placedMs: 8_000,
  ticksMs: 20_000,
  recentMs: 8_000,
  maxIdleMs: 20_000,
  settleMs: 2_500,
  quietMs: 300,
  drainMs: 10_000,
  bystander: { chunks: 30, transfers: 2 },
};
