import type { FlowAction, FlowActions } from './action.ts';
import type { TunnelHeader } from './tunnel.ts';

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
    case 'push-tunnel':
      return b.kind === 'push-tunnel' && sameHeader(a.header, b.header);
    case 'opaque':
      return b.kind === 'opaque' && a.text === b.text;
  }
  return false;
}

function sameHeader(a: TunnelHeader, b: TunnelHeader): boolean {
  return (
    a.kind === b.kind &&
    a.tos === b.tos &&
    a.ttl === b.ttl &&
    a.doNotFragment === b.doNotFragment &&
    a.srcPort === b.srcPort &&
    a.dstPort === b.dstPort &&
    a.hasChecksum === b.hasChecksum &&
    a.vni === b.vni &&
    sameBytes(a.src, b.src) &&
    sameBytes(a.dst, b.dst) &&
    sameBytes(a.options, b.options) &&
    sameEthernet(a.ethernet, b.ethernet)
  );
}

function sameEthernet(a: TunnelHeader['ethernet'], b: TunnelHeader['ethernet']): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameBytes(a.src, b.src) && sameBytes(a.dst, b.dst);
}
