import { type Direction, type EvaluationPlan, type LaneName, LANE_NAMES } from './cells.ts';

/** What a lane is, and what it can measure. */
export interface Lane {
  /** What carries offloaded traffic, in a word or two. */
  readonly carrier: string;
  /** What it models, in whole sentences. */
  readonly about: string;
  /** The parameters of the study, and the MTU of most networks beside its own, where the lane has them. */
  readonly plan: EvaluationPlan;
  /** What a person can wait for: all lanes in five minutes. */
  readonly quick: EvaluationPlan;
}

const directions: readonly Direction[] = ['receive', 'transmit'];
const STUDY = { mtus: [9_000, 1_500], vms: [1, 2, 4, 8], directions, repetitions: 3, seconds: 2 };
const EMULATED = { mtus: [9_000, 1_500], ports: [1], vms: [1], directions };
const QUICK = { mtus: [9_000], vms: [1, 4], directions, repetitions: 1, seconds: 1 };

export const LANES: Readonly<Record<LaneName, Lane>> = {
  xdp: {
    carrier: 'NIC table',
    about:
      'Offloaded flows are redirected by XDP, past the vSwitch, which has the userspace datapath. VMs, ' +
      'and the machines at the other ends of the physical ports, are namespaces on this host.',
    plan: { ...STUDY, ports: [1, 2] },
    quick: { ...QUICK, ports: [1, 2] },
  },
  'fast-path': {
    carrier: 'fast path',
    about:
      'VMs route. Offloaded flows are routed by a network processor behind an OpenFlow switch instead. ' +
      'Switch and network processor stand for hardware: they pass segments of TCP whole, so that a packet costs ' +
      'them little, and their CPU time counts as guest. Between switch and vSwitch there are packets of the MTU, as on a ' +
      'wire. The node has one uplink. Receive and transmit are the two directions through the VM.',
    plan: { ...STUDY, ports: [1] },
    quick: { ...QUICK, ports: [1] },
  },
  sriov: {
    carrier: 'virtual function',
    about:
      'Offloaded flows go through the virtual function of the VM, past the vSwitch, which has the kernel datapath. ' +
      'The machine with its two NICs (igb) is emulated, and every instruction costs about the same there: the lane ' +
      'shows that it works, and ratios of what is computed, the emulated NIC included. One VM has a virtual function.',
    plan: { ...EMULATED, repetitions: 3, seconds: 5 },
    quick: { ...EMULATED, mtus: [1_500], repetitions: 1, seconds: 3 },
  },
};

/** No cell of a lane was asked for. */
export class NothingToMeasure extends Error {
  override readonly name = 'NothingToMeasure';

  constructor(lane: LaneName, what: string, wanted: readonly number[], has: readonly number[]) {
    super(`lane ${lane} has ${what} ${has.join(', ')}, not ${wanted.join(', ')}`);
  }
}

/**
 * The plan of a lane with some of its parts replaced. Numbers of ports that the lane does not have are left out,
 * and so are MTUs and numbers of VMs of a lane that is emulated.
 *
 * @throws {NothingToMeasure}
 */
export function planOf(
  lane: LaneName,
  quick: boolean,
  chosen: Partial<EvaluationPlan>,
): EvaluationPlan {
  const { plan, quick: short } = LANES[lane];
  const base = quick ? short : plan;
  const possible = (what: string, wanted: readonly number[], has: readonly number[]) => {
    const both = wanted.filter((value) => has.includes(value));
    if (both.length === 0) throw new NothingToMeasure(lane, what, wanted, has);
    return both;
  };
  const isEmulated = lane === 'sriov';
  const mtus = chosen.mtus ?? base.mtus;
  const vms = chosen.vms ?? base.vms;
  return {
    mtus: isEmulated ? possible('MTU', mtus, plan.mtus) : mtus,
    ports: possible('ports', chosen.ports ?? base.ports, plan.ports),
    vms: isEmulated ? possible('VMs', vms, plan.vms) : vms,
    directions: base.directions,
    repetitions: chosen.repetitions ?? base.repetitions,
    seconds: chosen.seconds ?? base.seconds,
  };
}

/** The lanes of a word of the command line. */
export function lanesOf(word: LaneName | 'all'): readonly LaneName[] {
  return word === 'all' ? LANE_NAMES : [word];
}
