import { type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { referencesOf } from '../model/uses.ts';
import type { Problem } from '../../text/problem.ts';

/**
 * Notes for authors, not errors: flow rules that json-rules-engine evaluates flow by flow, because
 * they use a fact that must be queried.
 */
export function notCompiled(policies: PolicySet): readonly Problem[] {
  const factNamed = factLookup(policies);
  const files = new Map(policies.policies.map(({ name, file }) => [name, file]));
  return policies.rules.flatMap(({ name, policy, at, conditions }) => {
    const facts = referencesOf(conditions).map((reference) => reference.fact);
    const queried = [...new Set(facts)].filter((fact) => factNamed(fact)?.query !== undefined);
    if (queried.length === 0) return [];
    const message =
      `note: rule "${name}" is not compiled, because ${queried.join(' and ')} must be queried: ` +
      'json-rules-engine evaluates it for flows for which its other conditions can hold';
    return [{ file: files.get(policy) ?? policy, ...at, message }];
  });
}
