import type { Problem } from '../../text/problem.ts';
import type { Place } from '../model/place.ts';
import { neededFor } from '../model/extent.ts';
import { contradictions } from './contradiction-check.ts';
import type { FactLookup } from '../model/fact.ts';
import type { PolicyPart } from '../model/policy-part.ts';
import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { type NodeRule, type PolicyRule, type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { covers, type Reach } from './reach-check.ts';

/** Maximum of flow rules: `decision.rule` has 16 bits, and 0 means none. */
const MAX_RULES = 0xffff;

/** Maximum of rules that are compared with each other. */
const MAX_COMPARED = 1000;

/** Problems of policies that are loaded together. */
export function setProblems(parts: readonly PolicyPart[]): Problem[] {
  const found: Problem[] = [];
  const policies = new Map<string, string>();
  const slices = new Map<string, string>();
  for (const { document, policy, slices: own } of parts) {
    const earlier = policies.get(policy.name);
    if (earlier !== undefined) {
      const message = `policy "${policy.name}" is already in ${earlier}; names must be unique`;
      found.push(document.problemAt(['name'], message));
    }
    policies.set(policy.name, document.file);
    for (const { name } of own) {
      const other = slices.get(name);
      if (other !== undefined) {
        const message = `slice "${name}" is already declared in policy "${other}"`;
        found.push(document.problemAt(['slices', name], message));
      }
      slices.set(name, policy.name);
    }
  }
  found.push(...guaranteeProblems(parts));
  const rules = parts.reduce((n, p) => n + p.rules.length, 0);
  if (rules > MAX_RULES) {
    const { file } = parts[0].document;
    const message = `${rules} rules in all; the limit is ${MAX_RULES}`;
    found.push({ file, line: 1, column: 1, message });
  }
  return found;
}

/** Guarantees that are shares of the table and together more than all of it. */
function guaranteeProblems(parts: readonly PolicyPart[]): Problem[] {
  let sum = 0;
  for (const { document, slices } of parts) {
    for (const { name, guaranteed } of slices) {
      if (guaranteed?.kind !== 'share') continue;
      sum += guaranteed.value;
      // Shares such as 0.1 are not exact in binary.
      if (sum <= 1 + Number.EPSILON * 8) continue;
      const percent = Math.round(sum * 1000) / 10;
      const message = `with this slice, ${percent}% of the table are guaranteed; the limit is 100%`;
      return [document.problemAt(['slices', name, 'guaranteed'], message)];
    }
  }
  return [];
}

/** Rules that never hold, and rules that an earlier rule of the same policy makes unreachable. */
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
  // A problem of a shared condition is reported once for all rules that refer to it.
  const unique = new Map([...impossible, ...covered].map((p) => [JSON.stringify(p), p]));
  return [...unique.values()];
}

/**
 * Rules that an earlier rule of another policy makes unreachable. These are notes, not errors:
 * policies can overlap, or overrule each other on purpose.
 */
export function reachNotes(set: PolicySet): Problem[] {
  const files = new Map(set.policies.map((p) => [p.name, p.file]));
  return coveredRules(set.rules, canOverride, factLookup(set)).map(({ rule, by }) => {
    const request =
      by.requested === rule.requested ? 'the same' : REQUESTED_PLACEMENT_NAMES[by.requested];
    const other = `"${by.name}" (${files.get(by.policy) ?? ''}, line ${by.at.line})`;
    const message =
      `note: rule "${rule.name}" is never reached beside ${other}, which requests ${request}: ` +
      'wherever it holds, that one holds as well and has precedence';
    return { file: files.get(rule.policy) ?? '', ...rule.at, message };
  });
}

/** True for a rule of another policy that can override the later one: shadow rules override none. */
function canOverride(earlier: PolicyRule, later: PolicyRule): boolean {
  return earlier.policy !== later.policy && (earlier.mode === 'enforce' || later.mode === 'shadow');
}

function reachOf(rule: PolicyRule | NodeRule): Reach {
  const { conditions } = rule;
  return { conditions, needed: rule.scope === 'flow' ? neededFor(rule.requested) : undefined };
}

function coveredRules<T extends PolicyRule | NodeRule>(
  rules: readonly T[],
  compete: (earlier: T, later: T) => boolean,
  factNamed: FactLookup,
): { readonly rule: T; readonly by: T }[] {
  const compared = rules.slice(0, MAX_COMPARED);
  return compared.flatMap((rule, i) => {
    const later = reachOf(rule);
    const by = compared
      .slice(0, i)
      .find((other) => compete(other, rule) && covers(reachOf(other), later, factNamed));
    return by === undefined ? [] : [{ rule, by }];
  });
}
