import type { FlowMatch } from '../../model/match.ts';

/** Name of the condition on the recirculation id; a match without it is of id 0. */
const RECIRCULATION = 'recirc_id';

/**
 * The recirculation id that a megaflow matches: 0 for packets that enter the vSwitch, another number
 * for packets that an earlier megaflow has passed on. NaN when the condition cannot be read.
 */
export function recirculationOf(match: FlowMatch): number {
  // A loop, not a callback: it is asked of every flow.
  for (const { name, text } of match.opaque) if (name === RECIRCULATION) return number(text);
  return 0;
}

function number(text: string): number {
  return /^(?:0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
}
