import type { FlowMatch } from './match.ts';
import { sameBytes } from './same-actions.ts';

/** True when both are the same conditions. */
export function sameMatch(a: FlowMatch, b: FlowMatch): boolean {
  return (
    a.inPort === b.inPort &&
    a.fields.length === b.fields.length &&
    a.fields.every((f, i) => f.field === b.fields[i].field && sameField(f, b.fields[i])) &&
    a.opaque.length === b.opaque.length &&
    a.opaque.every((o, i) => o.name === b.opaque[i].name && o.text === b.opaque[i].text)
  );
}

type Field = FlowMatch['fields'][number];

function sameField(a: Field, b: Field): boolean {
  return sameBytes(a.value, b.value) && sameBytes(a.mask, b.mask);
}
