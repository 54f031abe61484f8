import type { KnownField, Match } from '../../protocols/openflow/codec/match.ts';

/**
 * Whether a packet could match both. True when unknown: two matches are disjoint only if both match
 * a field and require different bits of it.
 */
export function mayOverlap(a: Match, b: Match): boolean {
  if (a.kind !== 'oxm' || b.kind !== 'oxm') return true;
  const fields = new Map<string, KnownField>();
  for (const field of a.fields) if (field.kind === 'field') fields.set(field.name, field);
  return !b.fields.some((field) => {
    if (field.kind !== 'field') return false;
    const other = fields.get(field.name);
    return other !== undefined && differ(field, other);
  });
}

function differ(a: KnownField, b: KnownField): boolean {
  return a.value.some((byte, i) => {
    const both = (a.mask?.[i] ?? 0xff) & (b.mask?.[i] ?? 0xff);
    return ((byte ^ b.value[i]) & both) !== 0;
  });
}
