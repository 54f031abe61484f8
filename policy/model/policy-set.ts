import type { GivenValue, ScoreSource } from './amount.ts';
import type { Place, RootCondition } from './condition.ts';
import type { PolicyMode, RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import type { FactDefinition } from './fact.ts';
import type { ScheduleDefinition } from './schedule.ts';
import type { SliceDefinition } from './slice.ts';

/** One flow rule, checked: it asks for a placement. */
export interface PolicyRule extends RuleInfo {
  readonly scope: 'flow';
  readonly mode: PolicyMode;
  /** Name of its policy. */
  readonly policy: string;
  readonly description: string | undefined;
  /** Where it stands in its policy's file. */
  readonly at: Place;
  /**
   * Schedules of which one must be active for it to speak, for each of policy and rule that names
   * some. `conditions` look at them already (fact `scheduleActive`): for people and short cuts.
   */
  readonly active: readonly (readonly string[])[];
  readonly conditions: RootCondition;
  readonly score: ScoreSource;
}

/** One node rule, checked: it sets a fact, once a tick, for the policy's flow rules. */
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
  /** Name of the fact it sets, `policy/fact`. */
  readonly sets: string;
  readonly value: GivenValue;
}

/** A fact that a policy declares, and its node rules set. */
export interface CustomFact extends FactDefinition {
  readonly policy: string;
  /** What it is while no rule sets it; undefined: missing. */
  readonly initial: number | string | boolean | undefined;
}

/** One policy, checked. */
export interface Policy {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly mode: PolicyMode;
  /** First 12 hexadecimal digits of the SHA-256 of its text. */
  readonly revision: string;
}

/** The policies in force together. */
export interface PolicySet {
  /** In the order they were given. */
  readonly policies: readonly Policy[];
  /** Flow rules of all policies, in the order in which they speak; shadows are among them. */
  readonly rules: readonly PolicyRule[];
  /** Node rules of all policies; of those that set one fact, the first that holds does. */
  readonly nodeRules: readonly NodeRule[];
  /** Facts that policies declare; conditions name them `policy/fact`. */
  readonly facts: readonly CustomFact[];
  /** Facts that the program brings along; left out: none. */
  readonly programFacts?: readonly FactDefinition[];
  /** In order: a flow belongs to the first that has it. */
  readonly slices: readonly SliceDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  /** First 12 hexadecimal digits of the SHA-256 of the policies' revisions. */
  readonly revision: string;
}
