import { createHash } from 'node:crypto';
import { REQUESTED_PLACEMENT_NAMES, type RequestedPlacement } from '../../engine/model/flow.ts';
import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { RootCondition } from '../model/condition.ts';
import type { FactDefinition } from '../model/fact.ts';
import { numberIn } from '../check/literal-check.ts';
import { fullName, type Names, namesIn } from '../document/names.ts';
import type {
  PolicyDocument,
  WrittenRule,
  WrittenSchedule,
  WrittenSlice,
} from '../document/policy-document.ts';
import type { PolicyPart } from '../model/policy-part.ts';
import type { CustomFact, NodeRule, PolicyRule } from '../model/policy-set.ts';
import { Resolver } from './resolve.ts';
import type { ScheduleDefinition } from '../model/schedule.ts';
import { limitOf } from '../check/section-check.ts';
import type { SliceDefinition } from '../model/slice.ts';
import { words } from '../document/literal.ts';

/** Makes of a document without a mistake what evaluators take. */
export function policyPart(
  document: JsonDocument,
  text: string,
  written: PolicyDocument,
  programFacts: readonly FactDefinition[],
): PolicyPart {
  const { name, version, description, mode = 'enforce' } = written;
  const names = namesIn(written, programFacts);
  const resolver = new Resolver(document, names, written.conditions ?? {});
  const rule: RuleMaker = { document, written, names, resolver };
  const indexed = written.rules.map((r, i) => ({ r, i }));
  return {
    document,
    policy: { file: document.file, name, version, description, mode, revision: revisionOf(text) },
    rules: indexed.flatMap(({ r, i }) => (r.scope === 'node' ? [] : [flowRule(rule, r, i)])),
    nodeRules: indexed.flatMap(({ r, i }) => (r.scope === 'node' ? nodeRule(rule, r, i) : [])),
    facts: customFacts(written, names),
    slices: Object.entries(written.slices ?? {}).map(([key, slice]) => sliceOf(name, key, slice)),
    schedules: Object.entries(written.schedules ?? {}).map(([key, schedule]) =>
      scheduleOf(name, key, schedule),
    ),
  };
}

/** First 12 hexadecimal digits of the SHA-256 of a text. */
export function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

interface RuleMaker {
  readonly document: JsonDocument;
  readonly written: PolicyDocument;
  readonly names: Names;
  readonly resolver: Resolver;
}

function flowRule(maker: RuleMaker, rule: WrittenRule, i: number): PolicyRule {
  return {
    ...common(maker, rule, i),
    scope: 'flow',
    mode: maker.written.mode ?? 'enforce',
    requested: requestOf(rule.event.type),
    score: maker.resolver.score(rule.event.params?.score),
  };
}

function nodeRule(maker: RuleMaker, rule: WrittenRule, i: number): NodeRule[] {
  const { fact, value } = rule.event.params ?? {};
  if (fact === undefined || value === undefined) return [];
  return [
    {
      ...common(maker, rule, i),
      scope: 'node',
      sets: fullName(maker.written.name, fact),
      value: maker.resolver.given(fact, value),
    },
  ];
}

function common({ document, written, names, resolver }: RuleMaker, rule: WrittenRule, i: number) {
  const path: JsonPath = ['rules', i];
  const full = (name: string) => fullName(names.policy, name);
  const active = [words(written.active), words(rule.active)]
    .filter((list) => list.length > 0)
    .map((list) => list.map(full));
  return {
    name: full(rule.name),
    policy: written.name,
    description: rule.description,
    at: document.placeOf(path),
    priority: rule.priority ?? 1,
    active,
    conditions: guarded(active, resolver.root(rule.conditions, [...path, 'conditions'])),
  };
}

/** The conditions, and before them that the schedules are active. */
function guarded(active: PolicyRule['active'], conditions: RootCondition): RootCondition {
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

function customFacts(written: PolicyDocument, names: Names): CustomFact[] {
  return Object.entries(written.facts ?? {}).flatMap(([key, { initial }]) => {
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

function sliceOf(policy: string, name: string, slice: WrittenSlice): SliceDefinition {
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

function scheduleOf(policy: string, name: string, schedule: WrittenSchedule): ScheduleDefinition {
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
