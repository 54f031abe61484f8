import { basename } from 'node:path';
import { generate } from './traces/generator.ts';
import type { Scope } from './options.ts';
import { traceOfRecords } from './traces/record-trace.ts';
import type { Trace, TraceLength } from './traces/trace.ts';

/** A trace, and the expectations of its flows, if known. */
export interface TraceWithExpectations {
  readonly trace: Trace;
  readonly expected?: Trace;
}

/** A trace that is generated on demand, with its label. */
interface LabelledTrace {
  readonly label: string;
  readonly make: (length: TraceLength) => Promise<TraceWithExpectations>;
}

/** Traffic to compare on: generated for each seed, or read from a file. */
export interface Traffic {
  readonly input: string;
  readonly load: number | undefined;
  readonly traces: readonly LabelledTrace[];
}

/** The traffic of the scope. */
export function trafficOf({ trace, inputs, loads, seeds }: Scope): Traffic[] {
  if (trace !== undefined) {
    const make = async (length: TraceLength) => ({
      trace: await traceOfRecords(trace, length.windowMs),
    });
    return [{ input: basename(trace), load: undefined, traces: [{ label: trace, make }] }];
  }
  return inputs.flatMap((input) =>
    loads.map((load) => ({
      input: input.name,
      load,
      traces: seeds.map((seed) => ({
        label: `${input.name}, ${load} flows, seed ${seed}`,
        make: (length: TraceLength) =>
          Promise.resolve(generate(input, { ...length, seed, liveFlows: load })),
      })),
    })),
  );
}
