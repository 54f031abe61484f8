import { createHash } from 'node:crypto';
import { WISH_NAMES, type Wish } from '../model/flow.ts';
import { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { GivenValue, ScoreSource } from './amount.ts';
import type { Place, RootCondition } from './condition.ts';
import { conditionProblems } from './condition-check.ts';
import type { PolicyMode, RuleInfo } from './evaluator.ts';
import type { FactDefinition, FactLookup } from './fact.ts';
import { factNamed } from './facts.ts';
import { PolicyError } from './policy-error.ts';
import type { ScheduleDefinition } from './schedule.ts';
import { isPolicyDocument, type PolicyDocument, schemaProblems } from './schema-problems.ts';
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
  /** In order: a flow belongs to the first that has it. */
  readonly slices: readonly SliceDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  /** First 12 hexadecimal digits of the SHA-256 of the policies' revisions. */
  readonly revision: string;
}

/** Every fact that the rules of `policies` can name: the catalogue's and their own. */
export function factLookup(policies: Pick<PolicySet, 'facts'>): FactLookup {
  const own = new Map(policies.facts.map((f) => [f.name, f]));
  return (name) => own.get(name) ?? factNamed(name);
}

/** A policy's text and the name of its file, for messages. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

/**
 * What a rule that names no score is worth: the vSwitch's work is per packet and hardly depends
 * on their size, so the flows with the most packets free the most CPU.
 */
export const DEFAULT_SCORE: ScoreSource = { kind: 'fact', fact: 'packetsPerSecond' };

/** `decision.rule` is 16 bits wide and keeps 0 for "none". */
const MOST_RULES = 0xffff;

/**
 * Checks policy documents and puts their rules in order: higher priority first, among equals
 * the earlier document, then the earlier rule.
 *
 * @throws {PolicyError} with every problem in every document
 */
export function parsePolicies(documents: readonly PolicyText[]): PolicySet {
  const problems: Problem[] = [];
  const policies: Policy[] = [];
  const rules: PolicyRule[] = [];
  const files = new Map<string, string>();
  for (const { file, text } of documents) {
    const document = new JsonDocument(file, text);
    const found = documentProblems(document);
    problems.push(...found);
    if (found.length > 0 || !isPolicyDocument(document.value)) continue;
    const policy = document.value;
    const earlier = files.get(policy.name);
    if (earlier !== undefined) {
      const message = `policy "${policy.name}" is in ${earlier} already; names must differ`;
      problems.push(document.problemAt(['name'], message));
    }
    files.set(policy.name, file);
    policies.push(policyOf(file, text, policy));
    rules.push(...policy.rules.map((rule, i) => ruleOf(document, i, policy.name, rule)));
  }
  if (rules.length > MOST_RULES) {
    const message = `${rules.length} rules in all; there can be ${MOST_RULES}`;
    problems.push({ file: documents[0].file, line: 1, column: 1, message });
  }
  if (problems.length > 0) throw new PolicyError(problems);
  return {
    policies,
    rules: rules.toSorted((a, b) => b.priority - a.priority),
    nodeRules: [],
    facts: [],
    slices: [],
    schedules: [],
    revision: revisionOf(policies.map((p) => p.revision).join()),
  };
}

function documentProblems(document: JsonDocument): readonly Problem[] {
  // What a broken document was meant to say is a guess: no further errors about the guess.
  if (document.problems.length > 0) return document.problems;
  return [
    ...schemaProblems(document),
    ...conditionProblems(document),
    ...repeatedRuleNames(document),
  ];
}

function repeatedRuleNames(document: JsonDocument): Problem[] {
  const { value } = document;
  if (!isPolicyDocument(value)) return [];
  const taken = new Set<string>();
  const found: Problem[] = [];
  value.rules.forEach(({ name }, i) => {
    if (taken.has(name)) {
      const message = `another rule is called "${name}", too`;
      found.push(document.problemAt(['rules', i, 'name'], message));
    }
    taken.add(name);
  });
  return found;
}

function policyOf(file: string, text: string, document: PolicyDocument): Policy {
  const { name, version, description } = document;
  return { file, name, version, description, mode: 'enforce', revision: revisionOf(text) };
}

function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function ruleOf(
  document: JsonDocument,
  i: number,
  policy: string,
  rule: PolicyDocument['rules'][number],
): PolicyRule {
  return {
    scope: 'flow',
    mode: 'enforce',
    at: document.placeOf(['rules', i]),
    active: [],
    name: `${policy}/${rule.name}`,
    policy,
    description: rule.description,
    wish: wishOf(rule.event.type),
    priority: rule.priority ?? 1,
    conditions: rule.conditions,
    score: scoreOf(rule.event.params?.score),
  };
}

function wishOf(eventType: string): Wish {
  const index = WISH_NAMES.findIndex((name) => name === eventType);
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

function scoreOf(score: string | number | undefined): ScoreSource {
  if (score === undefined) return DEFAULT_SCORE;
  if (typeof score === 'number') return { kind: 'number', value: score };
  return { kind: 'fact', fact: score };
}
