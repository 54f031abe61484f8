import type { Algorithm } from '../../bench/decisions/game/algorithm.ts';
import { run } from '../../bench/decisions/game/run.ts';
import { sightings } from '../../bench/decisions/traces/sightings.ts';
import { traceOf } from './traces.ts';

type Packets = readonly (readonly number[])[];

/** What an algorithm did. */
export interface Driven {
  /** Flows in the table after each decision, sorted. */
  readonly placed: readonly (readonly number[])[];
  /** Flows added and evicted in each decision. */
  readonly operations: readonly number[];
}

/**
 * Content of the table after each window of a hand-made trace: a row per flow and a column per
 * window of a second.
 */
export async function drive(
  algorithm: Algorithm,
  packets: Packets,
  entries: number,
  services?: readonly number[],
): Promise<Driven> {
  const trace = traceOf(packets, services === undefined ? {} : { services });
  const placed: number[][] = [];
  const operations: number[] = [];
  const recording: Algorithm = {
    name: algorithm.name,
    create: (context) => {
      const placer = algorithm.create(context);
      return {
        decide: async (view) => {
          const { table } = view;
          const before = table.placed + table.evicted;
          await placer.decide(view);
          operations.push(table.placed + table.evicted - before);
          const flows = Array.from({ length: table.size }, (_, i) => table.at(i));
          placed.push(flows.sort((a, b) => a - b));
        },
      };
    },
  };
  await run(recording, trace, sightings(trace), { entries });
  return { placed, operations };
}

/** A list of `n` times the value. */
export function repeat<T>(n: number, value: T): T[] {
  return Array.from({ length: n }, () => value);
}
