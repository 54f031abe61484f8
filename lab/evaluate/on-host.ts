import { resultOfGuest } from '../kernel/guest-result.ts';
import { type Evaluation, type EvaluationPlan, isEvaluation } from './model/cells.ts';

/** Boot, Open vSwitch, daemon and agent on an emulated processor; and a measurement beside its length, ms. */
const START_MS = 300_000;
const MEASUREMENT_MS = 40_000;
/** Directions x placements x rates. */
const KINDS = 8;

/**
 * Boots a kernel with two NICs (igb) that have virtual functions, and measures the lane `sriov` there. Lines of the
 * guest's console go to standard error.
 *
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoGuestResult}
 */
export function runSriovLane(plan: EvaluationPlan): Promise<Evaluation> {
  return resultOfGuest({
    what: 'the lane',
    script: new URL('in-guest.js', import.meta.url),
    args: [JSON.stringify(plan)],
    timeoutMs: START_MS + KINDS * plan.repetitions * (MEASUREMENT_MS + plan.seconds * 1_000),
    isResult: isEvaluation,
    sriov: true,
  });
}
