import type { Problem } from '../../text/problem.ts';
import type { Condition, Place } from '../model/condition.ts';
import { contradictions } from './contradiction-check.ts';
import type { FactLookup } from '../model/fact.ts';
import type { PolicyPart } from '../model/policy-part.ts';
import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { type NodeRule, type PolicyRule, type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { covers } from './reach-check.ts';

/** `decision.rule` is 16 bits wide and keeps 0 for "none". */
const MAX_RULES = 0xffff;

/** Each rule is held against those before it: among the first of this many. */
const MAX_COMPARED = 1000;

/** What is wrong only because policies are loaded together. */
export function setProblems(parts: readonly PolicyPart[]): Problem[] {
  const found: Problem[] = [];
  const policies = new Map<string, string>();
  const slices = new Map<string, string>();
  for (const { document, policy, slices: own } of parts) {
    const earlier = policies.get(policy.name);
    if (earlier !== undefined) {
      const message = `policy "${policy.name}" is in ${earlier} already; names must differ`;
      found.push(document.problemAt(['name'], message));
    }
    policies.set(policy.name, document.file);
    for (const { name } of own) {
      const other = slices.get(name);
      if (other !== undefined) {
        const message = `slice "${name}" is in policy "${other}" already; a slice is declared once`;
        found.push(document.problemAt(['slices', name], message));
      }
      slices.set(name, policy.name);
    }
  }
  const rules = parts.reduce((n, p) => n + p.rules.length, 0);
  if (rules > MAX_RULES) {
    const { file } = parts[0].document;
    const message = `${rules} rules in all; the limit is ${MAX_RULES}`;
    found.push({ file, line: 1, column: 1, message });
  }
  return found;
}

/** Rules that never hold, and rules that never speak because one of their own policy always does. */
export function reachProblems(set: PolicySet): Problem[] {
  const factNamed = factLookup(set);
  const files = new Map(set.policies.map((p) => [p.name, p.file]));
  const problem = (policy: string, at: Place, message: string): Problem => ({
    file: files.get(policy) ?? '',
    ...at,
    message,
  });
  const impossible = [...set.rules, ...set.nodeRules].flatMap((rule) =>
    contradictions(rule.conditions, factNamed).map(({ at, message }) =>
      problem(rule.policy, at, message),
    ),
  );
  const covered = [
    ...coveredRules(set.rules, (earlier, later) => earlier.policy === later.policy, factNamed),
    ...coveredRules(set.nodeRules, (earlier, later) => earlier.sets === later.sets, factNamed),
  ].map(({ rule, by }) =>
    problem(
      rule.policy,
      rule.at,
      `rule "${rule.name}" is never reached: wherever it holds, "${by.name}" (line ${by.at.line}) holds as well and has precedence`,
    ),
  );
  // Shared conditions are told about once, however many rules refer to them.
  const unique = new Map([...impossible, ...covered].map((p) => [JSON.stringify(p), p]));
  return [...unique.values()];
}

/**
 * Rules that never speak because one of another policy always does. No mistakes: policies that are
 * written apart may say the same, and one may be meant to overrule another.
 */
export function reachNotes(set: PolicySet): Problem[] {
  const files = new Map(set.policies.map((p) => [p.name, p.file]));
  return coveredRules(set.rules, speaksInstead, factLookup(set)).map(({ rule, by }) => {
    const asks =
      by.requested === rule.requested ? 'the same' : REQUESTED_PLACEMENT_NAMES[by.requested];
    const other = `"${by.name}" (${files.get(by.policy) ?? ''}, line ${by.at.line})`;
    const message =
      `note: rule "${rule.name}" is never reached beside ${other}, which requests ${asks}: ` +
      'wherever it holds, that one holds as well and has precedence';
    return { file: files.get(rule.policy) ?? '', ...rule.at, message };
  });
}

/** A rule of another policy, if it has a say where the later one has: shadows take nothing from others. */
function speaksInstead(earlier: PolicyRule, later: PolicyRule): boolean {
  return earlier.policy !== later.policy && (earlier.mode === 'enforce' || later.mode === 'shadow');
}

function coveredRules<T extends PolicyRule | NodeRule>(
  rules: readonly T[],
  rivals: (earlier: T, later: T) => boolean,
  factNamed: FactLookup,
): { readonly rule: T; readonly by: T }[] {
  const compared = rules.slice(0, MAX_COMPARED);
  return compared.flatMap((rule, i) => {
    const conditions: Condition = rule.conditions;
    const by = compared
      .slice(0, i)
      .find((other) => rivals(other, rule) && covers(other.conditions, conditions, factNamed));
    return by === undefined ? [] : [{ rule, by }];
  });
}
