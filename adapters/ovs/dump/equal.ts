import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import type { FieldMatch, FlowMatch } from '../../../engine/model/match.ts';

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

/** True when both do the same, in the same order. */
export function sameActions(a: FlowActions, b: FlowActions): boolean {
  return a === b || (a.length === b.length && a.every((action, i) => sameAction(action, b[i])));
}

function sameAction(a: FlowAction, b: FlowAction): boolean {
  switch (a.kind) {
    case 'output':
      return b.kind === 'output' && a.port === b.port;
    case 'set':
      return b.kind === 'set' && a.field === b.field && sameField(a, b);
    case 'push-vlan':
      return b.kind === 'push-vlan' && a.tpid === b.tpid && a.vid === b.vid && a.pcp === b.pcp;
    case 'pop-vlan':
      return b.kind === 'pop-vlan';
    case 'opaque':
      return b.kind === 'opaque' && a.text === b.text;
  }
  return false;
}

function sameField(a: Omit<FieldMatch, 'field'>, b: Omit<FieldMatch, 'field'>): boolean {
  return (
    (a.value === b.value || Buffer.compare(a.value, b.value) === 0) &&
    (a.mask === b.mask || Buffer.compare(a.mask, b.mask) === 0)
  );
}
