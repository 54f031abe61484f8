import { resultOfGuest } from '../kernel/guest-result.ts';
import { type Evaluation, type EvaluationPlan, isEvaluation } from './model/cells.ts';
import { joinScenes } from './model/join-scenes.ts';

/** Boot, Open vSwitch, daemon and agent on an emulated processor; and a measurement beside its length, ms. */
const START_MS = 300_000;
const MEASUREMENT_MS = 40_000;
/** Directions x placements x rates. */
const KINDS = 8;

/**
 * Boots a kernel with two NICs (igb) that have virtual functions, and measures the lane `sriov` there: each scene in a
 * guest of its own. Lines of the guests' consoles go to standard error.
 *
 * @param onScene gets what there is after each scene, for a later one may fail
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoGuestResult}
 */
export async function runSriovLane(
  plan: EvaluationPlan,
  onScene: (soFar: Evaluation) => Promise<void> = async () => undefined,
): Promise<Evaluation> {
  const scenes: Evaluation[] = [];
  for (const mtu of plan.mtus) {
    scenes.push(await measureInGuest({ ...plan, mtus: [mtu] }));
    await onScene(joinScenes(plan, scenes));
  }
  return joinScenes(plan, scenes);
}

function measureInGuest(plan: EvaluationPlan): Promise<Evaluation> {
  return resultOfGuest({
    what: 'the lane',
    script: new URL('in-guest.js', import.meta.url),
    args: [JSON.stringify(plan)],
    timeoutMs: START_MS + KINDS * plan.repetitions * (MEASUREMENT_MS + plan.seconds * 1_000),
    isResult: isEvaluation,
    sriov: true,
  });
}
