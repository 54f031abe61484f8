import type { FactDefinition, FactLookup } from '../model/fact.ts';
import type { PolicySet } from '../model/policy-set.ts';
import { factNamed } from './facts.ts';

/** Every fact that the rules of `policies` can name: the catalogue's, the program's, their own. */
export function factLookup(policies: Pick<PolicySet, 'facts' | 'programFacts'>): FactLookup {
  const { facts, programFacts = [] } = policies;
  const own = new Map<string, FactDefinition>([...programFacts, ...facts].map((f) => [f.name, f]));
  return (name) => own.get(name) ?? factNamed(name);
}
