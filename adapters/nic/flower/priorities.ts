/**
 * Priorities of our filters, on chain 0. Open vSwitch uses 1 for its policer and from 2 upwards for its
 * own offload; drivers take no more than 16 without chains of their own (mlx5: `FDB_TC_MAX_PRIO`).
 */
export const GATE_PRIORITY = 9;

/** `ETH_P_ALL`. */
export const ANY_PROTOCOL = 3;

/** The ethertypes that have a priority each, because the filters of a priority share their protocol. */
const PROTOCOLS = [0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, ANY_PROTOCOL] as const;

/** Where the filters of an ethertype are. */
export interface RulePlace {
  readonly priority: number;
  readonly protocol: number;
}

/** The places of rules. Filters of other ethertypes share the last one, and match the ethertype. */
export const RULE_PLACES: readonly RulePlace[] = PROTOCOLS.map((protocol, i) => ({
  priority: GATE_PRIORITY + 1 + i,
  protocol,
}));

const LAST = RULE_PLACES[RULE_PLACES.length - 1];

/** The place of rules whose filter has this ethertype. */
export function placeOf(protocol: number): RulePlace {
  return RULE_PLACES.find((place) => place.protocol === protocol) ?? LAST;
}

/** True for the priority of a rule. */
export function isRulePriority(priority: number): boolean {
  return priority > GATE_PRIORITY && priority <= LAST.priority;
}
