/** How a port is metered in a measurement. */
export const METERED = ['none', 'all', 'sampled'] as const;
export type MeteredHow = (typeof METERED)[number];

/** Sizes of a measurement. */
export interface Sizes {
  readonly rounds: number;
  readonly seconds: number;
  /** Numbers of concurrent connections to measure with. */
  readonly connections: readonly number[];
}

/** What was measured with so many connections, one way of metering, in one round. */
export interface Measured {
  readonly connections: number;
  readonly how: MeteredHow;
  /** Of the vSwitch: processor time of ovs-vswitchd, or time of the path through the kernel. */
  readonly vswitchNs: number;
  /** Run time of the program, without what measuring it takes; 0 without a program. */
  readonly meterNs: number;
  /** Packets that the vSwitch forwarded in a second. */
  readonly packetsPerSecond: number;
}
