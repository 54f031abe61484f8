/** What carries offloaded traffic. */
export const LANE_NAMES = ['xdp', 'fast-path', 'sriov'] as const;
export type LaneName = (typeof LANE_NAMES)[number];

/** Where the traffic of a cell goes. */
export type Placement = 'offload' | 'onload';

/** As seen by the VMs. */
export type Direction = 'receive' | 'transmit';

/** What the cells of a chart have in common. */
export interface Setting {
  readonly lane: LaneName;
  /** Bytes of L3. */
  readonly mtu: number;
  /** Physical ports; each VM is fixed to one of them. */
  readonly ports: number;
  readonly vms: number;
  readonly direction: Direction;
}

/** One measurement. */
export interface Sample {
  /** Sum over the VMs, payload of TCP. */
  readonly bitsPerSecond: number;
  /** 1 - idle - guest, 0 to 1; the processes of VMs and of the traffic's other ends count as guest. */
  readonly hostCpu: number;
  /** 1 - idle, 0 to 1. */
  readonly busyCpu: number;
  readonly profile: Profile;
}

/** Where busy CPU time goes: shares of all CPUs, 0 to 1. The first six add up to what is busy. */
export interface Profile {
  /** VMs, the other ends of the traffic, and what stands for hardware. */
  readonly guests: number;
  readonly vswitch: number;
  /** With the processes that it starts. */
  readonly daemon: number;
  /** Threads of the kernel that receive packets when there are too many for those who send them. */
  readonly ksoftirqd: number;
  /** This program, which reads what the senders report. */
  readonly lab: number;
  /** All else on the machine. */
  readonly other: number;
  /** Softirqs, in whichever process they run: part of the shares above. */
  readonly softirq: number;
  /** Share of one CPU that the busiest thread of the vSwitch uses. */
  readonly vswitchThread: number;
}

/** What was measured of a setting on one placement. */
export interface Cell extends Setting, Sample {
  readonly placement: Placement;
  /** The single repetitions, whose medians are the values of the cell. */
  readonly repetitions: readonly Sample[];
  /** At a rate that both placements reach; the medians of as many repetitions. */
  readonly atFixedRate: Sample;
}

/** What to measure in a lane. */
export interface EvaluationPlan {
  readonly mtus: readonly number[];
  readonly ports: readonly number[];
  readonly vms: readonly number[];
  readonly directions: readonly Direction[];
  readonly repetitions: number;
  /** Length of one measurement, seconds. */
  readonly seconds: number;
}

/** How a lane was measured. */
export interface LaneRun {
  readonly lane: LaneName;
  readonly plan: EvaluationPlan;
  readonly machine: Machine;
  /**
   * Busy CPU time without traffic before each scene, shares of all CPUs: the load of other work on the machine.
   */
  readonly otherWork: { readonly median: number; readonly max: number };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly tookSeconds: number;
}

export interface Machine {
  readonly cpus: number;
  readonly model: string;
  readonly kernel: string;
  readonly vswitch: string;
  readonly backend: string;
}

/** Result of `lab evaluate`. */
export interface Evaluation {
  readonly cells: readonly Cell[];
  readonly lanes: readonly LaneRun[];
}

/** True for an object with the two lists of an evaluation. */
export function isEvaluation(value: unknown): value is Evaluation {
  if (typeof value !== 'object' || value === null) return false;
  return 'cells' in value && Array.isArray(value.cells) && 'lanes' in value;
}

/** The values in the middle; the lower one of two. */
export function medianOf(samples: readonly Sample[]): Sample {
  const median = (valueOf: (sample: Sample) => number): number => middle(samples.map(valueOf));
  return {
    bitsPerSecond: median((sample) => sample.bitsPerSecond),
    hostCpu: median((sample) => sample.hostCpu),
    busyCpu: median((sample) => sample.busyCpu),
    profile: {
      guests: median(({ profile }) => profile.guests),
      vswitch: median(({ profile }) => profile.vswitch),
      daemon: median(({ profile }) => profile.daemon),
      ksoftirqd: median(({ profile }) => profile.ksoftirqd),
      lab: median(({ profile }) => profile.lab),
      other: median(({ profile }) => profile.other),
      softirq: median(({ profile }) => profile.softirq),
      vswitchThread: median(({ profile }) => profile.vswitchThread),
    },
  };
}

/** The value in the middle; the lower one of two. */
export function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** The cell of the same setting on the other placement. */
export function otherOf(cells: readonly Cell[], cell: Cell): Cell {
  const found = cells.find(
    (other) =>
      other.placement !== cell.placement &&
      other.lane === cell.lane &&
      other.mtu === cell.mtu &&
      other.ports === cell.ports &&
      other.vms === cell.vms &&
      other.direction === cell.direction,
  );
  // A setting is measured on both placements, or not at all.
  return found ?? cell;
}
