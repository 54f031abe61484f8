import type { FilterProtocol } from './filter-text.ts';

/**
 * Priorities of the agent's filters, by which it recognises them. tc wants one priority for each
 * protocol. There are two generations: an agent uses the one in which its predecessor has left nothing,
 * so that both sets of rules can be in force side by side.
 */
const FIRST = 48_640;
const PROTOCOLS: readonly FilterProtocol[] = ['ip', 'ipv6', 'all'];
const PER_GENERATION = 4;

export const GENERATIONS: readonly Generation[] = [0, 1];
export type Generation = 0 | 1;

export function priorityOf(generation: Generation, protocol: FilterProtocol): number {
  return FIRST + generation * PER_GENERATION + PROTOCOLS.indexOf(protocol);
}

/** All priorities of a generation. */
export function prioritiesOf(generation: Generation): readonly number[] {
  return PROTOCOLS.map((protocol) => priorityOf(generation, protocol));
}

/** All priorities of the agent. */
export const ALL_PRIORITIES: readonly number[] = GENERATIONS.flatMap(prioritiesOf);
