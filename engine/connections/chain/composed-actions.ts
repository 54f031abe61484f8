import type { FlowAction, FlowActions } from '../../model/action.ts';
import { fieldOf, type FlowMatch } from '../../model/match.ts';
import type { Rewrite, TravellingPacket } from './travelling-packet.ts';

/**
 * The difference between the packet as it entered and as it leaves, in a normal form: a tag popped,
 * rewrites of the own tag, tags pushed, rewrites of the other headers, a tunnel, one output. A rewrite of
 * bits that the match has with the same value is left out.
 *
 * @param output undefined: the packet is dropped
 * @param encapsulation what puts it into a tunnel
 */
export function composedActions(
  packet: TravellingPacket,
  match: FlowMatch,
  output: string | undefined,
  encapsulation: FlowActions,
): FlowActions {
  if (output === undefined) return [];
  const rewrites = packet.rewrites().filter((rewrite) => !isMatched(rewrite, match));
  const sets = rewrites.map((rewrite): FlowAction => ({ kind: 'set', ...rewrite }));
  const isOfTag = (action: FlowAction): boolean =>
    action.kind === 'set' && action.field.startsWith('vlan_');
  return [
    ...(packet.isOwnTagPopped ? [{ kind: 'pop-vlan' } as const] : []),
    ...sets.filter(isOfTag),
    ...packet.pushedTags.map((tag): FlowAction => ({ kind: 'push-vlan', ...tag })),
    ...sets.filter((action) => !isOfTag(action)),
    ...encapsulation,
    { kind: 'output', port: output },
  ];
}

/** True if every packet that matches has these bits already. */
function isMatched({ field, value, mask }: Rewrite, match: FlowMatch): boolean {
  const matched = fieldOf(match, field);
  return mask.every(
    (bits, i) =>
      (bits & ~(matched?.mask[i] ?? 0)) === 0 &&
      ((value[i] ^ (matched?.value[i] ?? 0)) & bits) === 0,
  );
}
