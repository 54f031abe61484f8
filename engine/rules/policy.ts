import { WISH_NAMES, type Wish } from '../model/flow.ts';
import { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { RootCondition } from './condition.ts';
import { conditionProblems } from './condition-check.ts';
import type { RuleInfo } from './evaluator.ts';
import { PolicyError } from './policy-error.ts';
import { isPolicyDocument, type PolicyDocument, schemaProblems } from './schema-problems.ts';

/** What `decision.score` of a flow is taken from. */
export type ScoreSource =
  | { readonly kind: 'fact'; readonly fact: string }
  | { readonly kind: 'number'; readonly value: number };

/** One rule, checked. */
export interface PolicyRule extends RuleInfo {
  readonly policy: string;
  readonly description: string | undefined;
  readonly conditions: RootCondition;
  readonly score: ScoreSource;
}

/** One policy, checked. */
export interface Policy {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
}

/** The policies in force together. */
export interface PolicySet {
  /** In the order they were given. */
  readonly policies: readonly Policy[];
  /** Of all policies, in the order in which they speak. */
  readonly rules: readonly PolicyRule[];
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
    policies.push(policyOf(file, policy));
    rules.push(...policy.rules.map((rule) => ruleOf(policy.name, rule)));
  }
  if (rules.length > MOST_RULES) {
    const message = `${rules.length} rules in all; there can be ${MOST_RULES}`;
    problems.push({ file: documents[0].file, line: 1, column: 1, message });
  }
  if (problems.length > 0) throw new PolicyError(problems);
  return { policies, rules: rules.toSorted((a, b) => b.priority - a.priority) };
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

function policyOf(file: string, document: PolicyDocument): Policy {
  const { name, version, description } = document;
  return { file, name, version, description };
}

function ruleOf(policy: string, rule: PolicyDocument['rules'][number]): PolicyRule {
  return {
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
