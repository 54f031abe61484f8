import { cpus, release } from 'node:os';
import { BusyCpuMeter } from '../measures/host-cpu.ts';
import { progress } from '../testbed/progress.ts';
import { sleep } from '../testbed/wait.ts';
import {
  type Cell,
  type Direction,
  type Evaluation,
  type EvaluationPlan,
  type LaneName,
  medianOf,
  middle,
  type Placement,
  type Sample,
} from './model/cells.ts';
import { Remaining } from './remaining.ts';
import type { Scene } from './scene/scene.ts';
import { startScene } from './start-scene.ts';
import { Streams } from './scene/streams.ts';

const PLACEMENTS: readonly Placement[] = ['onload', 'offload'];
const SETTLE_MS = 700;
/** How long the load of other work is measured before each scene, ms. */
const OTHER_WORK_MS = 500;
/** The fixed rate beside the lowest throughput: both placements reach it in each repetition. */
const FIXED_SHARE = 0.5;

/**
 * The evaluation of the study: VMs behind physical ports, all of whose traffic goes through the
 * vSwitch, or past it. Placements take turns within each repetition, so that what else the machine
 * does meets both.
 *
 * @param onScene gets what there is after each scene, for a later one may fail
 */
export async function runEvaluation(
  lane: LaneName,
  plan: EvaluationPlan,
  onScene: (soFar: Evaluation) => Promise<void> = async () => undefined,
): Promise<Evaluation> {
  const startedAt = new Date().toISOString();
  const sizes = plan.mtus.flatMap((mtu) =>
    plan.ports.flatMap((ports) => plan.vms.map((vms) => ({ mtu, ports, vms }))),
  );
  const remaining = new Remaining(sizes.length);
  const cells: Cell[] = [];
  const otherWork: number[] = [];
  let about = { vswitch: '', backend: '' };
  const soFar = (): Evaluation => {
    const model = cpus()[0]?.model.trim() ?? 'unknown';
    const run = {
      lane,
      plan,
      machine: { cpus: cpus().length, model, kernel: release(), ...about },
      otherWork: { median: middle(otherWork), max: Math.max(...otherWork) },
      startedAt,
      tookSeconds: Math.round(remaining.elapsedSeconds()),
    };
    return { cells: [...cells], lanes: [run] };
  };
  for (const size of sizes) {
    const { mtu, ports, vms } = size;
    progress(`${lane}, ${remaining.text()}: MTU ${mtu}, ports: ${ports}, VMs: ${vms}`);
    otherWork.push(await loadOfOtherWork());
    const scene = await startScene(lane, size);
    try {
      for (const direction of plan.directions) {
        const measured = await measureDirection(scene, direction, plan);
        for (const placement of PLACEMENTS) {
          const { repetitions, fixed } = measured[placement];
          const setting = { lane, mtu, vms, ports, placement, direction };
          const atFixedRate = medianOf(fixed);
          cells.push({ ...setting, ...medianOf(repetitions), repetitions, atFixedRate });
        }
      }
      about = await scene.about();
    } finally {
      await scene.stop();
    }
    remaining.oneDone();
    await onScene(soFar());
  }
  return soFar();
}

/** Share of all CPUs that are busy without a scene. */
async function loadOfOtherWork(): Promise<number> {
  const busy = new BusyCpuMeter();
  await sleep(OTHER_WORK_MS);
  return busy.share();
}

type Measured = Readonly<Record<Placement, { repetitions: Sample[]; fixed: Sample[] }>>;

async function measureDirection(
  scene: Scene,
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
  scene: Scene,
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
