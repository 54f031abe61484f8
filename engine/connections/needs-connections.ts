import type { FlowActions } from '../model/action.ts';
import type { FlowMatch } from '../model/match.ts';

/** Begin of the actions after which other megaflows decide about the packet (lib/odp-util.c). */
const CONTINUATION = /^(?:recirc|tnl_pop)\(/;

/** Begin of the actions that put the packet into a tunnel. */
const ENCAPSULATION = /^(?:tnl_push|clone\(tnl_push|set\(tunnel)\(/;

/**
 * True if packets that enter by a megaflow can have entries by connection alone: they go on to other
 * megaflows, or enter or leave a tunnel, whose headers differ between connections.
 */
export function needsConnections({ opaque }: FlowMatch, actions: FlowActions): boolean {
  return actions.some(isOfConnections) || opaque.some(({ name }) => name === 'tunnel');
}

function isOfConnections(action: FlowActions[number]): boolean {
  if (action.kind !== 'opaque') return false;
  return CONTINUATION.test(action.text) || ENCAPSULATION.test(action.text);
}
