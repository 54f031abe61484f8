import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../engine/ports/clock.ts';
import type { RuleEvaluator } from '../engine/rules/evaluator.ts';
import { JsonRulesEvaluator } from '../engine/rules/json-rules-evaluator.ts';
import type { PolicySet } from '../engine/rules/policy.ts';

/** What an evaluator needs besides its policies. */
export interface EvaluatorOptions {
  /** Time that one evaluation may take, ms. */
  readonly budgetMs: number;
  readonly clock: Clock;
}

/** The evaluator of the daemon and of everything that has to decide as the daemon does. */
export function createEvaluator(policies: PolicySet, options: EvaluatorOptions): RuleEvaluator {
  const { budgetMs, clock } = options;
  return new JsonRulesEvaluator(policies, { budgetMs, clock, pause: () => setImmediate() });
}
