import type {
  Cell,
  Evaluation,
  LaneName,
  LaneRun,
  Placement,
  Profile,
  Sample,
} from '../../../lab/evaluate/model/cells.ts';
import { planOf } from '../../../lab/evaluate/model/lanes.ts';

export const PROFILE: Profile = {
  guests: 0.25,
  vswitch: 0.4,
  daemon: 0.02,
  ksoftirqd: 0.05,
  lab: 0.01,
  other: 0.02,
  softirq: 0.3,
  vswitchThread: 0.8,
};

/** A cell with three repetitions of which one is lower. */
export function cell(lane: LaneName, vms: number, placement: Placement, gbit: number): Cell {
  const sample: Sample = {
    bitsPerSecond: gbit * 1e9,
    hostCpu: 0.5,
    busyCpu: 0.75,
    profile: placement === 'offload' ? { ...PROFILE, vswitch: 0, vswitchThread: 0 } : PROFILE,
  };
  const lower = { ...sample, bitsPerSecond: sample.bitsPerSecond * 0.9 };
  const repetitions = [lower, sample, sample];
  const atFixedRate: Sample = {
    ...sample,
    bitsPerSecond: 1e9,
    hostCpu: placement === 'offload' ? 0.1 : 0.4,
    busyCpu: placement === 'offload' ? 0.5 : 0.6,
  };
  const setting = { lane, mtu: 9_000, ports: 1, vms, direction: 'receive' } as const;
  return { ...setting, placement, ...sample, repetitions, atFixedRate };
}

export function laneRun(lane: LaneName): LaneRun {
  return {
    lane,
    plan: planOf(lane, false, { mtus: [9_000], ports: [1], vms: [1, 4] }),
    machine: {
      cpus: 2,
      model: 'a <CPU>',
      kernel: '6.12.1',
      vswitch: 'ovs-vswitchd 3.1.0',
      backend: 'XDP',
    },
    otherWork: { median: 0.03, max: 0.2 },
    startedAt: '2026-01-02T03:04:05.000Z',
    tookSeconds: 60,
  };
}

/** Two lanes in which offload is ahead. */
export const EVALUATION: Evaluation = {
  cells: [
    cell('xdp', 1, 'onload', 2),
    cell('xdp', 1, 'offload', 6),
    cell('xdp', 4, 'onload', 3),
    cell('xdp', 4, 'offload', 12),
    cell('fast-path', 1, 'onload', 0.5),
    cell('fast-path', 1, 'offload', 7),
  ],
  lanes: [laneRun('xdp'), laneRun('fast-path')],
};
