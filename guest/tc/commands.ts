import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';
import type { FilterProtocol } from './filter-text.ts';
import { type Generation, prioritiesOf, priorityOf } from './priorities.ts';

/** The part of an installed rule by which tc finds its filter. */
export interface FilterPlace {
  readonly id: number;
  readonly direction: GuestRule['direction'];
  readonly device: string;
  readonly protocol: FilterProtocol;
}

type Direction = GuestRule['direction'];

/** The hook of a direction: what leaves by a device, and what arrives at it. */
export function hookOf(direction: Direction): 'egress' | 'ingress' {
  return direction === 'transmit' ? 'egress' : 'ingress';
}

/** The qdisc that has the hooks; fails if it is there already. */
export function addHooks(device: string): string {
  return `qdisc add dev ${device} clsact`;
}

/** Installs the filter of a rule, or replaces it. */
export function replaceFilter(
  place: FilterPlace,
  to: string,
  match: string,
  generation: Generation,
): string {
  const action =
    place.direction === 'transmit'
      ? `action mirred egress redirect dev ${to}`
      : // The VF's own address is another one, so its packets are for somebody else until now.
        `action skbedit ptype host pipe action mirred ingress redirect dev ${to}`;
  return `filter replace ${at(place, generation)} flower skip_hw ${match} ${action}`;
}

export function deleteFilter(place: FilterPlace, generation: Generation): string {
  return `filter del ${at(place, generation)} flower`;
}

/** Deletes all filters of a generation at a hook; each command fails where it finds no filter. */
export function deleteAll(device: string, direction: Direction, generation: Generation): string[] {
  return prioritiesOf(generation).map(
    (priority) => `filter del dev ${device} ${hookOf(direction)} pref ${priority}`,
  );
}

function at({ id, direction, device, protocol }: FilterPlace, generation: Generation): string {
  const priority = priorityOf(generation, protocol);
  const handle = `0x${id.toString(16)}`;
  return `dev ${device} ${hookOf(direction)} protocol ${protocol} pref ${priority} handle ${handle}`;
}
