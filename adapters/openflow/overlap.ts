import type { KnownField, Match } from '../../protocols/openflow/codec/match.ts';

/**
 * Whether some packet could match both. Says yes when it cannot tell: only a field that both look
 * at, and in which they want different bits, keeps them apart.
 */
export function mayOverlap(a: Match, b: Match): boolean {
  if (a.kind !== 'oxm' || b.kind !== 'oxm') return true;
  const fields = new Map<string, KnownField>();
  for (const field of a.fields) if (field.kind === 'field') fields.set(field.name, field);
  return !b.fields.some((field) => {
    if (field.kind !== 'field') return false;
    const other = fields.get(field.name);
    return other !== undefined && disagree(field, other);
  });
}

function disagree(a: KnownField, b: KnownField): boolean {
  return a.value.some((byte, i) => {
    const both = (a.mask?.[i] ?? 0xff) & (b.mask?.[i] ?? 0xff);
    return ((byte ^ b.value[i]) & both) !== 0;
  });
}
