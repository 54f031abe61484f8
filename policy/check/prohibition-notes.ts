import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { Problem } from '../../text/problem.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { neededFor } from '../model/extent.ts';
import type { FactDefinition } from '../model/fact.ts';
import type { PolicyRule, PolicySet } from '../model/policy-set.ts';
import { referencesOf } from '../model/uses.ts';

/**
 * Notes for authors, not errors: prohibitions (`onload`, `slow-path`) on facts that a flow can leave
 * open or that are not always known. Such a rule also holds for flows for which it only may apply.
 */
export function prohibitionNotes(policies: PolicySet): readonly Problem[] {
  const factNamed = factLookup(policies);
  const files = new Map(policies.policies.map(({ name, file }) => [name, file]));
  return policies.rules.flatMap((rule) => {
    if (neededFor(rule.requested) !== 'some') return [];
    const names = new Set(referencesOf(rule.conditions).map((reference) => reference.fact));
    const facts = [...names].flatMap((name) =>
      OF_CLOCK.includes(name) ? [] : (factNamed(name) ?? []),
    );
    const reasons = facts.flatMap(reasonOf);
    if (reasons.length === 0) return [];
    return [{ file: files.get(rule.policy) ?? '', ...rule.at, message: noteOf(rule, reasons) }];
  });
}

/** Facts of the wall clock, which the daemon always knows. */
const OF_CLOCK = ['time', 'scheduleActive'];

function noteOf({ name, requested }: PolicyRule, reasons: readonly string[]): string {
  return (
    `note: rule "${name}" requests ${REQUESTED_PLACEMENT_NAMES[requested]} and also holds for flows ` +
    `to which it may apply: ${reasons.join('; ')}`
  );
}

/** When it is not known whether a condition on a fact applies. */
function reasonOf({ name, packets, unknown }: FactDefinition): string[] {
  return [
    ...(packets === true ? [`a flow's match can leave ${name} open`] : []),
    ...(unknown === undefined ? [] : [`${name} is not known if ${unknown}`]),
  ];
}
