/** Where the traffic of a cell goes. */
export type Placement = 'offload' | 'onload';

/** As seen by the VMs. */
export type Direction = 'receive' | 'transmit';

/** What the cells of a chart have in common. */
export interface Setting {
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
}

/** What was measured of a setting on one placement. */
export interface Cell extends Setting, Sample {
  readonly lane: 'xdp';
  readonly placement: Placement;
  /** The single repetitions, whose medians are the values of the cell. */
  readonly repetitions: readonly Sample[];
  /** At a rate that both placements reach; the medians of as many repetitions. */
  readonly atFixedRate: Sample;
}

/** What to measure. */
export interface EvaluationPlan {
  readonly mtus: readonly number[];
  readonly ports: readonly number[];
  readonly vms: readonly number[];
  readonly repetitions: number;
  /** Length of one measurement, seconds. */
  readonly seconds: number;
}

/** The parameters of the study, and the MTU of most networks beside its own. */
export const STUDY_PLAN: EvaluationPlan = {
  mtus: [9_000, 1_500],
  ports: [1, 2],
  vms: [1, 2, 4, 8],
  repetitions: 3,
  seconds: 2,
};

/** Result of `lab evaluate`. */
export interface Evaluation {
  readonly cells: readonly Cell[];
  readonly plan: EvaluationPlan;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly kernel: string;
    readonly vswitch: string;
    readonly backend: string;
  };
}

/** The values in the middle; the lower one of two. */
export function medianOf(samples: readonly Sample[]): Sample {
  const middle = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  return {
    bitsPerSecond: middle(samples.map((sample) => sample.bitsPerSecond)),
    hostCpu: middle(samples.map((sample) => sample.hostCpu)),
    busyCpu: middle(samples.map((sample) => sample.busyCpu)),
  };
}

/** The cell of the same setting on the other placement. */
export function otherOf(cells: readonly Cell[], cell: Cell): Cell {
  const found = cells.find(
    (other) =>
      other.placement !== cell.placement &&
      other.mtu === cell.mtu &&
      other.ports === cell.ports &&
      other.vms === cell.vms &&
      other.direction === cell.direction,
  );
  // A setting is measured on both placements, or not at all.
  return found ?? cell;
}
