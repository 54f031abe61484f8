import { fileURLToPath } from 'node:url';
import { findKernel } from '../kernel/cache.ts';
import { runGuest } from '../kernel/guest.ts';
import { type Evaluation, type EvaluationPlan, isEvaluation } from './model/cells.ts';

/** The lane in the emulated machine ended without figures. */
export class NoFigures extends Error {
  override readonly name = 'NoFigures';

  constructor(status: number) {
    super(`the lane ended with exit status ${status}; its messages are above`);
  }
}

/** Boot, Open vSwitch, daemon and agent on an emulated processor; and a measurement beside its length, ms. */
const START_MS = 300_000;
const MEASUREMENT_MS = 40_000;
/** Directions x placements x rates. */
const KINDS = 8;

/**
 * Boots a kernel with two NICs (igb) that have virtual functions, and measures the lane `sriov` there. Lines of the
 * guest's console go to standard error.
 *
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoFigures}
 */
export async function runSriovLane(plan: EvaluationPlan): Promise<Evaluation> {
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, inGuest, JSON.stringify(plan)],
    timeoutMs: START_MS + KINDS * plan.repetitions * (MEASUREMENT_MS + plan.seconds * 1_000),
    onLine: (line) => console.error(line),
    sriov: true,
  });
  const evaluation: unknown = result === undefined ? undefined : JSON.parse(result);
  if (status !== 0 || !isEvaluation(evaluation)) throw new NoFigures(status);
  return evaluation;
}
