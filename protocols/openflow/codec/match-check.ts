import type { KnownField, OxmMatch } from './match.ts';
import { OXM_FIELDS, type OxmName } from './oxm-fields.ts';
import { PREREQUISITES } from './prerequisites.ts';
import { type PrerequisiteName } from './prerequisite-name.ts';

/**
 * Finds what a switch that follows the specification would refuse in a match (1.3.5, sections
 * 7.2.3.4 to 7.2.3.6): a repeated field, a mask on a field without masks, a value outside its mask,
 * or a missing prerequisite. Unknown fields are ignored.
 *
 * @returns the problem, or undefined
 */
export function matchProblem(match: OxmMatch): string | undefined {
  const before = new Map<OxmName, KnownField>();
  for (const field of match.fields) {
    if (field.kind !== 'field') continue;
    const problem = fieldProblem(field, before);
    if (problem !== undefined) return problem;
    before.set(field.name, field);
  }
  return undefined;
}

function fieldProblem(
  field: KnownField,
  before: ReadonlyMap<OxmName, KnownField>,
): string | undefined {
  const { name, value, mask } = field;
  const { maskable, needs } = OXM_FIELDS[name];
  if (before.has(name)) return `${name} occurs twice`;
  if (mask !== undefined && !maskable) return `${name} cannot be masked`;
  if (mask?.some((bits, i) => (value[i] & ~bits) !== 0) === true) {
    return `${name} has bits set outside its mask`;
  }
  if (needs !== undefined && !holds(needs, before)) return `${name} needs ${describe(needs)}`;
  return undefined;
}

function holds(name: PrerequisiteName, before: ReadonlyMap<OxmName, KnownField>): boolean {
  const { fields, values, needs } = PREREQUISITES[name];
  const present = fields.some((f) => {
    const field = before.get(f);
    if (field === undefined) return false;
    return values.length === 0 || (field.mask === undefined && values.includes(number(field)));
  });
  return present && needs.every((n) => holds(n, before));
}

function number(field: KnownField): number {
  return field.value.reduce((sum, byte) => sum * 256 + byte, 0);
}

function describe(name: PrerequisiteName): string {
  const { fields, values, needs } = PREREQUISITES[name];
  const own = values.length === 0 ? fields[0] : `${fields[0]} ${values.join(' or ')}`;
  return [...needs.map(describe), own].join(', ');
}
