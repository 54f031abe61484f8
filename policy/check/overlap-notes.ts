import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { Problem } from '../../text/problem.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import type { FactLookup } from '../model/fact.ts';
import type { PolicyRule, PolicySet } from '../model/policy-set.ts';
import type { SliceDefinition, SliceMember } from '../model/slice.ts';
import { containsSubnet, parseSubnet } from '../model/subnet.ts';
import { contradictions } from './contradiction-check.ts';
import { casesOf } from './reach-check.ts';

/** Maximum of rules that are compared with each other. */
const MAX_COMPARED = 300;

/**
 * Notes on rules of the same priority that request different placements and can hold for the same
 * flow: their order in the files decides then, which is easily changed by accident.
 */
export function overlapNotes(set: PolicySet): readonly Problem[] {
  const factNamed = factLookup(set);
  const files = filesOf(set);
  const compared = set.rules.slice(0, MAX_COMPARED);
  return compared.flatMap((rule, i) => {
    const other = compared
      .slice(0, i)
      .find((earlier) => compete(earlier, rule) && !areDisjoint(earlier, rule, factNamed));
    if (other === undefined) return [];
    const message =
      `note: rules "${other.name}" and "${rule.name}" have priority ${rule.priority}, can hold for the same ` +
      `flow, and request ${REQUESTED_PLACEMENT_NAMES[other.requested]} and ` +
      `${REQUESTED_PLACEMENT_NAMES[rule.requested]}; the first one decides. Give them different priorities`;
    return [{ file: files.get(rule.policy) ?? '', ...rule.at, message }];
  });
}

/**
 * Notes on slices with a member that an earlier slice includes: its flows belong to the earlier one.
 */
export function sliceOverlapNotes(set: PolicySet): readonly Problem[] {
  const files = filesOf(set);
  return set.slices.flatMap((slice, i) => {
    const other = set.slices.slice(0, i).find((earlier) => includesMember(earlier, slice));
    if (other === undefined) return [];
    const message =
      `note: a member of slice "${slice.name}" is included in slice "${other.name}" (line ${other.at.line}), ` +
      'which comes first: its flows belong to that one';
    return [{ file: files.get(slice.policy) ?? '', ...slice.at, message }];
  });
}

function filesOf(set: PolicySet): ReadonlyMap<string, string> {
  return new Map(set.policies.map(({ name, file }) => [name, file]));
}

function compete(a: PolicyRule, b: PolicyRule): boolean {
  return a.priority === b.priority && a.requested !== b.requested && a.mode === b.mode;
}

/** True if comparisons with literals prove that the two never hold together. False proves nothing. */
function areDisjoint(a: PolicyRule, b: PolicyRule, factNamed: FactLookup): boolean {
  return casesOf({ all: [a.conditions, b.conditions] }).every(
    (known) => contradictions({ all: known }, factNamed).length > 0,
  );
}

function includesMember(earlier: SliceDefinition, later: SliceDefinition): boolean {
  return later.members.some((member) => earlier.members.some((outer) => includes(outer, member)));
}

/** True if every flow that matches `inner` matches `outer`. */
function includes(outer: SliceMember, inner: SliceMember): boolean {
  const isSame = (key: 'port' | 'vm' | 'vlan'): boolean =>
    outer[key] === undefined || outer[key] === inner[key];
  return isSame('port') && isSame('vm') && isSame('vlan') && includesSubnet(outer, inner);
}

function includesSubnet(outer: SliceMember, inner: SliceMember): boolean {
  if (outer.subnet === undefined) return true;
  const subnets = [outer.subnet, inner.subnet ?? ''].map(parseSubnet);
  const [of, within] = subnets;
  return of !== undefined && within !== undefined && containsSubnet(of, within);
}
