import type { FactDefinition, FactLookup } from '../model/fact.ts';
import type { PolicySet } from '../model/policy-set.ts';
import { factNamed } from './facts.ts';

/** Finds facts that rules of `policies` can use: of the catalogue, the program and the policies. */
export function factLookup(policies: Pick<PolicySet, 'facts' | 'programFacts'>): FactLookup {
  const { facts, programFacts = [] } = policies;
  const own = new Map<string, FactDefinition>([...programFacts, ...facts].map((f) => [f.name, f]));
  return (name) => own.get(name) ?? factNamed(name);
}
