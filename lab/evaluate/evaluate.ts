import { cpus, release } from 'node:os';
import { progress } from '../testbed/progress.ts';
import { sleep } from '../testbed/wait.ts';
import {
  type Cell,
  type Direction,
  type Evaluation,
  type EvaluationPlan,
  medianOf,
  type Placement,
  type Sample,
} from './cells.ts';
import { EvaluationScene } from './scene.ts';
import { Streams } from './streams.ts';

const PLACEMENTS: readonly Placement[] = ['onload', 'offload'];
const DIRECTIONS: readonly Direction[] = ['receive', 'transmit'];
const SETTLE_MS = 700;
/** The fixed rate beside the lowest throughput: both placements reach it in each repetition. */
const FIXED_SHARE = 0.5;

/**
 * The evaluation of the study: VMs behind physical ports, all of whose traffic goes through the
 * vSwitch, or past it. Placements take turns within each repetition, so that what else the machine
 * does meets both.
 */
export async function runEvaluation(plan: EvaluationPlan): Promise<Evaluation> {
  const cells: Cell[] = [];
  let vswitch = '';
  let backend = '';
  for (const mtu of plan.mtus) {
    for (const ports of plan.ports) {
      for (const vms of plan.vms) {
        const scene = await EvaluationScene.start(vms, ports, mtu);
        try {
          vswitch = await scene.vswitch();
          backend = (await scene.daemon.control.status()).backend?.description ?? 'none';
          for (const direction of DIRECTIONS) {
            progress(`MTU ${mtu}, ports: ${ports}, VMs: ${vms}, ${direction}`);
            const measured = await measureDirection(scene, direction, plan);
            for (const placement of PLACEMENTS) {
              const { repetitions, fixed } = measured[placement];
              const setting = { lane: 'xdp', mtu, vms, ports, placement, direction } as const;
              const atFixedRate = medianOf(fixed);
              cells.push({ ...setting, ...medianOf(repetitions), repetitions, atFixedRate });
            }
          }
        } finally {
          await scene.stop();
        }
      }
    }
  }
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const machine = { cpus: cpus().length, model, kernel: release(), vswitch, backend };
  return { cells, plan, machine };
}

type Measured = Readonly<Record<Placement, { repetitions: Sample[]; fixed: Sample[] }>>;

async function measureDirection(
  scene: EvaluationScene,
  direction: Direction,
  plan: EvaluationPlan,
): Promise<Measured> {
  const measured: Measured = {
    onload: { repetitions: [], fixed: [] },
    offload: { repetitions: [], fixed: [] },
  };
  for (let n = 0; n < plan.repetitions; n += 1) {
    for (const placement of PLACEMENTS) {
      measured[placement].repetitions.push(await sample(scene, direction, placement, plan.seconds));
    }
  }
  const all = PLACEMENTS.flatMap((placement) => measured[placement].repetitions);
  const lowest = Math.min(...all.map(({ bitsPerSecond }) => bitsPerSecond));
  const rate = (FIXED_SHARE * lowest) / scene.pairs.length;
  for (let n = 0; n < plan.repetitions; n += 1) {
    for (const placement of PLACEMENTS) {
      measured[placement].fixed.push(await sample(scene, direction, placement, plan.seconds, rate));
    }
  }
  return measured;
}

async function sample(
  scene: EvaluationScene,
  direction: Direction,
  placement: Placement,
  seconds: number,
  bitsPerSecondEach?: number,
): Promise<Sample> {
  const streams = await Streams.start(scene, direction, bitsPerSecondEach);
  try {
    await scene.place(placement);
    await sleep(SETTLE_MS);
    return await streams.measure(seconds);
  } finally {
    await streams.stop();
  }
}
