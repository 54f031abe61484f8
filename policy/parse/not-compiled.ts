import { type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { referencesOf } from '../model/uses.ts';
import type { Problem } from '../../text/problem.ts';

/**
 * The flow rules that json-rules-engine evaluates, flow by flow, because a fact in them has to be
 * asked for. No mistakes: what an author should know.
 */
export function notCompiled(policies: PolicySet): readonly Problem[] {
  const factNamed = factLookup(policies);
  const files = new Map(policies.policies.map(({ name, file }) => [name, file]));
  return policies.rules.flatMap(({ name, policy, at, conditions }) => {
    const facts = referencesOf(conditions).map((reference) => reference.fact);
    const asked = [...new Set(facts)].filter((fact) => factNamed(fact)?.ask !== undefined);
    if (asked.length === 0) return [];
    const message =
      `note: rule "${name}" is not compiled, for ${asked.join(' and ')} has to be asked for: ` +
      'json-rules-engine evaluates it, for the flows for which the rest of it may hold';
    return [{ file: files.get(policy) ?? policy, ...at, message }];
  });
}
