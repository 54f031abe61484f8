import type { Clock } from '../../engine/ports/clock.ts';
import { CompiledEvaluator } from './compiled-evaluator.ts';
import type { RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../model/policy-set.ts';

/** Creates the evaluator of the daemon, which tools use to decide as the daemon does. */
export function createEvaluator(policies: PolicySet, clock: Clock): RuleEvaluator {
  return new CompiledEvaluator(policies, { clock });
}
