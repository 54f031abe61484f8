import { JsonDocument } from '../../text/json-document.ts';
import type { Problem } from '../../text/problem.ts';
import { conditionProblems } from '../check/condition-check.ts';
import { expansionProblems } from '../check/expansion-check.ts';
import type { FactDefinition } from '../model/fact.ts';
import { namesIn } from '../document/names.ts';
import { PolicyError } from '../model/policy-error.ts';
import { policyPart, revisionOf } from './policy-part.ts';
import { type PolicyPart } from '../model/policy-part.ts';
import type { PolicySet } from '../model/policy-set.ts';
import { cycleProblems } from '../check/cycle-check.ts';
import { ruleProblems } from '../check/rule-check.ts';
import { isPolicyDocument, shapeProblems } from '../check/document-shape.ts';
import { sectionProblems } from '../check/section-check.ts';
import { reachProblems, setProblems } from '../check/set-check.ts';

/** A policy's text and the name of its file, for messages. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

/** Options of {@link parsePolicies}. */
export interface CheckOptions {
  /**
   * Whether rules that never hold or are never reached are refused (default). Evaluators support
   * them, so tests with random rules allow them.
   */
  readonly unreachable?: 'refuse' | 'allow';
  /** Facts that the program adds to the catalogue, with names that are not in it. */
  readonly facts?: readonly FactDefinition[];
}

/**
 * Checks policy documents and sorts their rules: higher priority first, among equals the earlier
 * document, then the earlier rule.
 *
 * @throws {PolicyError} with all problems of all documents
 */
export function parsePolicies(
  documents: readonly PolicyText[],
  options: CheckOptions = {},
): PolicySet {
  const { facts = [] } = options;
  const parts: PolicyPart[] = [];
  const problems: Problem[] = [];
  for (const { file, text } of documents) {
    const document = new JsonDocument(file, text, 'jsonc');
    const found = documentProblems(document, facts);
    problems.push(...found);
    if (found.length > 0 || !isPolicyDocument(document.value)) continue;
    parts.push(policyPart(document, text, document.value, facts));
  }
  // Valid documents are checked as a set even if other documents have problems.
  problems.push(...setProblems(parts));
  const set = joined(parts, facts);
  if (problems.length === 0 && options.unreachable !== 'allow')
    problems.push(...reachProblems(set));
  if (problems.length > 0) throw new PolicyError(problems);
  return set;
}

function documentProblems(
  document: JsonDocument,
  facts: readonly FactDefinition[],
): readonly Problem[] {
  // Further errors in a document with broken JSON would be guesses.
  if (document.problems.length > 0) return document.problems;
  const names = namesIn(document.value, facts);
  return [
    ...shapeProblems(document),
    ...sectionProblems(document, names),
    ...conditionProblems(document, names),
    ...ruleProblems(document, names),
    ...cycleProblems(document, names),
    ...expansionProblems(document, names),
  ];
}

function joined(parts: readonly PolicyPart[], programFacts: readonly FactDefinition[]): PolicySet {
  const inOrder = <T extends { readonly priority: number }>(rules: readonly T[]) =>
    rules.toSorted((a, b) => b.priority - a.priority);
  const policies = parts.map((p) => p.policy);
  return {
    policies,
    rules: inOrder(parts.flatMap((p) => p.rules)),
    nodeRules: inOrder(parts.flatMap((p) => p.nodeRules)),
    facts: parts.flatMap((p) => p.facts),
    ...(programFacts.length === 0 ? {} : { programFacts }),
    slices: parts.flatMap((p) => p.slices),
    schedules: parts.flatMap((p) => p.schedules),
    revision: revisionOf(policies.map((p) => p.revision).join()),
  };
}
