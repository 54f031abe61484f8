import type { Clock } from '../../engine/ports/clock.ts';
import { CompiledEvaluator } from './compiled-evaluator.ts';
import type { RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../model/policy-set.ts';

/** The evaluator of the daemon and of everything that has to decide as the daemon does. */
export function createEvaluator(policies: PolicySet, clock: Clock): RuleEvaluator {
  return new CompiledEvaluator(policies, { clock });
}
