import type { FlowMatch, TunnelMatch } from './match.ts';
import { sameBytes } from './same-actions.ts';

/** True when both are the same conditions. */
export function sameMatch(a: FlowMatch, b: FlowMatch): boolean {
  return (
    a.inPort === b.inPort &&
    sameFields(a.fields, b.fields) &&
    a.opaque.length === b.opaque.length &&
    a.opaque.every((o, i) => o.name === b.opaque[i].name && o.text === b.opaque[i].text) &&
    sameTunnel(a.tunnel, b.tunnel)
  );
}

type Field = FlowMatch['fields'][number];

function sameFields(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every((f, i) => f.field === b[i].field && sameField(f, b[i]));
}

function sameTunnel(a: TunnelMatch | undefined, b: TunnelMatch | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.kind === b.kind &&
    a.vni === b.vni &&
    a.doNotFragment === b.doNotFragment &&
    a.hasChecksum === b.hasChecksum &&
    sameFields(a.fields, b.fields) &&
    sameBytes(a.options, b.options)
  );
}

function sameField(a: Field, b: Field): boolean {
  return sameBytes(a.value, b.value) && sameBytes(a.mask, b.mask);
}
