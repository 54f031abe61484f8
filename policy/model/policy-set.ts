import type { SetValue, ScoreSource } from './linear-function.ts';
import type { RootCondition } from './condition.ts';
import type { Place } from './place.ts';
import type { PolicyMode, RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import type { FactDefinition } from './fact.ts';
import type { ScheduleDefinition } from './schedule.ts';
import type { SliceDefinition } from './slice.ts';

/** A checked flow rule: it requests a placement. */
export interface PolicyRule extends RuleInfo {
  readonly scope: 'flow';
  readonly mode: PolicyMode;
  /** Name of the policy. */
  readonly policy: string;
  readonly description: string | undefined;
  /** Position in the policy file. */
  readonly at: Place;
  /**
   * Lists of schedules, from the policy and from the rule; one of each list must be active.
   * `conditions` include this already (fact `scheduleActive`).
   */
  readonly active: readonly (readonly string[])[];
  readonly conditions: RootCondition;
  readonly score: ScoreSource;
}

/** A checked node rule: it sets a fact of its policy once per tick. */
export interface NodeRule {
  readonly scope: 'node';
  /** `policy/rule`, unique. */
  readonly name: string;
  readonly policy: string;
  readonly description: string | undefined;
  readonly at: Place;
  readonly priority: number;
  /** See {@link PolicyRule.active}. */
  readonly active: readonly (readonly string[])[];
  readonly conditions: RootCondition;
  /** Name of the fact that it sets, `policy/fact`. */
  readonly sets: string;
  readonly value: SetValue;
}

/** A fact that a policy declares and its node rules set. */
export interface CustomFact extends FactDefinition {
  readonly policy: string;
  /** Value while no rule sets it; undefined means missing. */
  readonly initial: number | string | boolean | undefined;
}

/** A checked policy. */
export interface Policy {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly mode: PolicyMode;
  /** First 12 hexadecimal digits of the SHA-256 of its text. */
  readonly revision: string;
}

/** Policies that are loaded together. */
export interface PolicySet {
  /** In the order of the configuration. */
  readonly policies: readonly Policy[];
  /** Flow rules of all policies in order of precedence, including shadow policies. */
  readonly rules: readonly PolicyRule[];
  /** Node rules of all policies; of those that set a fact, the first that holds sets it. */
  readonly nodeRules: readonly NodeRule[];
  /** Facts that policies declare; conditions refer to them as `policy/fact`. */
  readonly facts: readonly CustomFact[];
  /** Facts that the program adds to the catalogue. */
  readonly programFacts?: readonly FactDefinition[];
  /** In order: a flow belongs to the first slice that matches. */
  readonly slices: readonly SliceDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  /** First 12 hexadecimal digits of the SHA-256 of the policies' revisions. */
  readonly revision: string;
}
