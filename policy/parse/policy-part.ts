import { createHash } from 'node:crypto';
import { REQUESTED_PLACEMENT_NAMES, type RequestedPlacement } from '../../engine/model/flow.ts';
import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { RootCondition } from '../model/condition.ts';
import type { FactDefinition } from '../model/fact.ts';
import { numberIn } from '../check/literal-check.ts';
import { fullName, type Names, namesIn } from '../document/names.ts';
import type {
  PolicyDocument,
  RuleSpec,
  ScheduleSpec,
  SliceSpec,
} from '../document/policy-document.ts';
import type { PolicyPart } from '../model/policy-part.ts';
import type { CustomFact, NodeRule, PolicyRule } from '../model/policy-set.ts';
import { Resolver } from './resolve.ts';
import type { ScheduleDefinition } from '../model/schedule.ts';
import { limitOf } from '../check/section-check.ts';
import type { SliceDefinition } from '../model/slice.ts';
import { asList } from '../document/literal.ts';

/** Converts a valid document to the form that evaluators take. */
export function policyPart(
  document: JsonDocument,
  text: string,
  content: PolicyDocument,
  programFacts: readonly FactDefinition[],
): PolicyPart {
  const { name, version, description, mode = 'enforce' } = content;
  const names = namesIn(content, programFacts);
  const resolver = new Resolver(document, names, content.conditions ?? {});
  const rule: RuleContext = { document, content, names, resolver };
  const indexed = content.rules.map((r, i) => ({ r, i }));
  return {
    document,
    policy: { file: document.file, name, version, description, mode, revision: revisionOf(text) },
    rules: indexed.flatMap(({ r, i }) => (r.scope === 'node' ? [] : [flowRule(rule, r, i)])),
    nodeRules: indexed.flatMap(({ r, i }) => (r.scope === 'node' ? nodeRule(rule, r, i) : [])),
    facts: customFacts(content, names),
    slices: Object.entries(content.slices ?? {}).map(([key, slice]) => ({
      ...sliceOf(name, key, slice),
      at: document.placeOf(['slices', key]),
    })),
    schedules: Object.entries(content.schedules ?? {}).map(([key, schedule]) =>
      scheduleOf(name, key, schedule),
    ),
  };
}

/** First 12 hexadecimal digits of the SHA-256 of a text. */
export function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

interface RuleContext {
  readonly document: JsonDocument;
  readonly content: PolicyDocument;
  readonly names: Names;
  readonly resolver: Resolver;
}

function flowRule(context: RuleContext, rule: RuleSpec, i: number): PolicyRule {
  return {
    ...commonParts(context, rule, i),
    scope: 'flow',
    mode: context.content.mode ?? 'enforce',
    requested: requestOf(rule.event.type),
    score: context.resolver.score(rule.event.params?.score),
  };
}

function nodeRule(context: RuleContext, rule: RuleSpec, i: number): NodeRule[] {
  const { fact, value } = rule.event.params ?? {};
  if (fact === undefined || value === undefined) return [];
  return [
    {
      ...commonParts(context, rule, i),
      scope: 'node',
      sets: fullName(context.content.name, fact),
      value: context.resolver.given(fact, value),
    },
  ];
}

function commonParts(
  { document, content, names, resolver }: RuleContext,
  rule: RuleSpec,
  i: number,
) {
  const path: JsonPath = ['rules', i];
  const full = (name: string) => fullName(names.policy, name);
  const active = [asList(content.active), asList(rule.active)]
    .filter((list) => list.length > 0)
    .map((list) => list.map(full));
  return {
    name: full(rule.name),
    policy: content.name,
    description: rule.description,
    at: document.placeOf(path),
    priority: rule.priority ?? 1,
    active,
    conditions: whileActive(active, resolver.root(rule.conditions, [...path, 'conditions'])),
  };
}

/** The conditions, preceded by conditions on the schedules. */
function whileActive(active: PolicyRule['active'], conditions: RootCondition): RootCondition {
  if (active.length === 0) return conditions;
  const guards = active.map((schedules) => {
    const any = schedules.map((schedule) => ({
      fact: 'scheduleActive',
      params: { schedule },
      operator: 'equal',
      value: true,
    }));
    return any.length === 1 ? any[0] : { any };
  });
  return { all: [...guards, conditions] };
}

function customFacts(content: PolicyDocument, names: Names): CustomFact[] {
  return Object.entries(content.facts ?? {}).flatMap(([key, { initial }]) => {
    const fact = names.factNamed(key);
    if (fact === undefined) return [];
    const number = fact.type === 'number' ? numberIn(fact, initial) : undefined;
    return [
      {
        ...fact,
        name: fullName(names.policy, key),
        policy: names.policy,
        initial: number ?? initial,
      },
    ];
  });
}

function sliceOf(policy: string, name: string, slice: SliceSpec): Omit<SliceDefinition, 'at'> {
  return {
    name,
    declared: true,
    description: slice.description,
    policy,
    members: slice.members,
    weight: slice.weight ?? 1,
    guaranteed: limitOf(slice.guaranteed),
    maximum: limitOf(slice.maximum),
  };
}

function scheduleOf(policy: string, name: string, schedule: ScheduleSpec): ScheduleDefinition {
  const ms = (value: unknown) => numberIn({ unit: 'ms' }, value) ?? 0;
  return {
    name: fullName(policy, name),
    description: schedule.description,
    policy,
    cron: schedule.cron,
    timezone: schedule.timezone ?? 'UTC',
    durationMs: ms(schedule.duration),
    beforeMs: ms(schedule.before),
    afterMs: ms(schedule.after),
  };
}

function requestOf(eventType: string): RequestedPlacement {
  const index = REQUESTED_PLACEMENT_NAMES.findIndex((name) => name === eventType);
  switch (index) {
    case 1:
    case 2:
    case 3:
    case 4:
      return index;
    default:
      return 0;
  }
}
