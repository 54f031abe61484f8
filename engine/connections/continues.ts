import type { FlowActions } from '../model/action.ts';

/** Begin of the actions after which other megaflows decide about the packet (lib/odp-util.c). */
const CONTINUATION = /^(?:recirc|tnl_pop)\(/;

/** True if the packets of a megaflow with these actions go on to other megaflows. */
export function continues(actions: FlowActions): boolean {
  return actions.some((action) => action.kind === 'opaque' && CONTINUATION.test(action.text));
}
