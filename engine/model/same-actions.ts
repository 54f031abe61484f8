import type { FlowAction, FlowActions } from './action.ts';

/** True when both do the same, in the same order. */
export function sameActions(a: FlowActions, b: FlowActions): boolean {
  return a === b || (a.length === b.length && a.every((action, i) => sameAction(action, b[i])));
}

/** True when both have the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}

function sameAction(a: FlowAction, b: FlowAction): boolean {
  switch (a.kind) {
    case 'output':
      return b.kind === 'output' && a.port === b.port;
    case 'set':
      return (
        b.kind === 'set' &&
        a.field === b.field &&
        sameBytes(a.value, b.value) &&
        sameBytes(a.mask, b.mask)
      );
    case 'push-vlan':
      return b.kind === 'push-vlan' && a.tpid === b.tpid && a.vid === b.vid && a.pcp === b.pcp;
    case 'pop-vlan':
      return b.kind === 'pop-vlan';
    case 'opaque':
      return b.kind === 'opaque' && a.text === b.text;
  }
  return false;
}
