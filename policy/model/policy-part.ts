import type { JsonDocument } from '../../text/json-document.ts';
import type { CustomFact, NodeRule, Policy, PolicyRule } from './policy-set.ts';
import type { ScheduleDefinition } from './schedule.ts';
import type { SliceDefinition } from './slice.ts';

/** Content of one document in a set of policies. */
export interface PolicyPart {
  readonly document: JsonDocument;
  readonly policy: Policy;
  readonly rules: readonly PolicyRule[];
  readonly nodeRules: readonly NodeRule[];
  readonly facts: readonly CustomFact[];
  readonly slices: readonly SliceDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
}
