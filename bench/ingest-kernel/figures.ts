/** What is measured, each task in a guest of its own; all times in ms. */
export type GuestTask =
  | { readonly kind: 'readings'; readonly sizes: ReadingSizes }
  | ({ readonly kind: 'first-packet' } & FirstPacketSizes);

/** What the guests measure. */
export interface KernelFigures extends ReadingFigures {
  /** By the number of known flows, ascending. */
  readonly firstPackets: readonly FirstPacketFigures[];
}

/** Readings of the datapath. */
export interface ReadingFigures {
  /** `uname -r` of the guest. */
  readonly release: string;
  readonly flows: number;
  /** Readings of the same flows. */
  readonly kernel: SourceFigures;
  readonly vswitchd: SourceFigures;
  /** The flows that were made in one command of ovs-vswitchd. */
  readonly made: number;
  /** How long that took, per run: while nobody follows the flows, and while the daemon does. */
  readonly makingAlone: readonly number[];
  readonly makingFollowed: readonly number[];
}

/** From the first packet of each flow to its entry, ms. */
export interface FirstPacketFigures {
  /** Silent flows that the datapath had besides. */
  readonly known: number;
  /** Time between two packets of a flow. */
  readonly gapMs: number;
  readonly followingMs: readonly number[];
  readonly pollingMs: readonly number[];
}

/** Readings of all flows. */
export interface SourceFigures {
  /** The first reading, in which all flows are new. */
  readonly firstMs: number;
  /** Those after it. */
  readonly readings: readonly number[];
  /** CPU time of ovs-vswitchd in all of `readings`. */
  readonly vswitchdCpuMs: number;
}

/** Sizes of the readings. */
export interface ReadingSizes {
  readonly flows: number;
  readonly readings: number;
  readonly made: number;
  readonly makings: number;
}

/** Sizes of {@link FirstPacketFigures}. */
export interface FirstPacketSizes {
  /** Silent flows that the datapath has besides. */
  readonly known: number;
  /** Flows whose entries are awaited, twice for each of following and polling. */
  readonly flows: number;
}

/** The Open vSwitch that is measured. */
export interface MeasuredOvs {
  readonly runDir: string;
  readonly vswitchdPid: number;
}
