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
};

/** No cell of a lane was asked for. */
export class NothingToMeasure extends Error {
  override readonly name = 'NothingToMeasure';

  constructor(lane: LaneName, ports: readonly number[]) {
    super(
      `lane ${lane} has ${LANES[lane].plan.ports.join(' or ')} ports, not ${ports.join(' or ')}`,
    );
  }
}

/**
 * The plan of a lane with some of its parts replaced; without the numbers of ports that the lane does not have.
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
  const ports = (chosen.ports ?? base.ports).filter((count) => plan.ports.includes(count));
  if (ports.length === 0) throw new NothingToMeasure(lane, chosen.ports ?? []);
  return {
    mtus: chosen.mtus ?? base.mtus,
    ports,
    vms: chosen.vms ?? base.vms,
    directions: base.directions,
    repetitions: chosen.repetitions ?? base.repetitions,
    seconds: chosen.seconds ?? base.seconds,
  };
}

/** The lanes of a word of the command line. */
export function lanesOf(word: LaneName | 'all'): readonly LaneName[] {
  return word === 'all' ? LANE_NAMES : [word];
}
