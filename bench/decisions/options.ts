import { ALGORITHMS } from './algorithms/all.ts';
import { FRONTIER } from './algorithms/norikae.ts';
import type { Contender } from './game/algorithm.ts';
import { HARDWARE, type Hardware, IDEAL } from './game/hardware.ts';
import { REPORT_SEEDS, TABLES, type Timing, TIMINGS, TUNE_SEEDS } from './cases.ts';
import { type Input, INPUTS, LOADS, UNTUNED_INPUTS } from './traces/inputs.ts';
import type { DecisionOptions } from '../support/decision-options.ts';
import type { TraceLength } from './traces/trace.ts';

/** Invalid options; the message says what is valid. */
export class DecisionOptionError extends Error {
  override readonly name = 'DecisionOptionError';
}

/** The scope of a run. */
export interface Scope {
  /** A file of flow records, instead of inputs, loads and seeds. */
  readonly trace: string | undefined;
  readonly inputs: readonly Input[];
  readonly loads: readonly number[];
  readonly tables: readonly number[];
  readonly lengths: readonly TraceLength[];
  readonly seeds: readonly number[];
  readonly algorithms: readonly Contender[];
  readonly hardware: readonly Hardware[];
}

/**
 * The scope that the options select.
 *
 * @throws DecisionOptionError
 */
export function scopeOf(options: DecisionOptions, quick: boolean): Scope {
  const all = [...INPUTS, ...UNTUNED_INPUTS];
  const inputs = namesOf('--inputs', options.inputs, all);
  if (options.trace !== undefined && (options.inputs ?? options.loads ?? options.seeds)) {
    throw new DecisionOptionError(
      '--trace takes the place of generated traffic: --inputs, --loads and --seeds do not go with it',
    );
  }
  const lengths = TIMINGS.map((timing) => lengthOf(timing, quick));
  const windows = numbersOf('--windows', options.windows);
  return {
    trace: options.trace,
    inputs: inputs ?? defaultInputs(options.seeds, quick),
    loads: numbersOf('--loads', options.loads) ?? (quick ? LOADS.slice(1, 2) : LOADS),
    tables: numbersOf('--tables', options.tables) ?? TABLES,
    lengths:
      windows?.map(
        (ms) =>
          lengths.find((l) => l.windowMs === ms) ?? lengthOf({ ...OTHER, windowMs: ms }, quick),
      ) ?? (quick ? lengths.slice(0, 1) : lengths),
    seeds: seedsOf(options.seeds, quick),
    hardware: namesOf('--hardware', options.hardware, HARDWARE) ?? [IDEAL],
    algorithms: [
      ...(namesOf('--algorithms', options.algorithms, ALGORITHMS) ?? ALGORITHMS),
      ...(options.frontier === true ? FRONTIER : []),
    ],
  };
}

/** Measured time of a quick run, s. */
const QUICK_SECONDS = 15;

/** Timing of windows with another length. */
const OTHER = { warmUpSeconds: 20, seconds: 40 };

function lengthOf({ windowMs, warmUpSeconds, seconds }: Timing, quick: boolean): TraceLength {
  const warmUpWindows = Math.round((warmUpSeconds * 1000) / windowMs);
  const judged = Math.round(((quick ? QUICK_SECONDS : seconds) * 1000) / windowMs);
  return { windowMs, windows: warmUpWindows + judged, warmUpWindows };
}

/** Seeds for tuning never go with traffic on which nothing is tuned. */
function defaultInputs(seeds: string | undefined, quick: boolean): readonly Input[] {
  if (quick) return INPUTS.filter((input) => input.name === 'mix');
  return seeds === 'tune' ? INPUTS : [...INPUTS, ...UNTUNED_INPUTS];
}

function seedsOf(text: string | undefined, quick: boolean): readonly number[] {
  const named = text === 'tune' ? TUNE_SEEDS : REPORT_SEEDS;
  const seeds =
    text === undefined || text === 'tune' || text === 'report'
      ? named
      : (numbersOf('--seeds', text) ?? named);
  return quick ? seeds.slice(0, 1) : seeds;
}

function numbersOf(option: string, text: string | undefined): readonly number[] | undefined {
  return text?.split(',').map((part) => {
    const number = Number(part);
    if (Number.isInteger(number) && number > 0) return number;
    throw new DecisionOptionError(
      `${option} takes positive integers separated by commas; ${JSON.stringify(part)} is not one`,
    );
  });
}

function namesOf<T extends { readonly name: string }>(
  option: string,
  text: string | undefined,
  all: readonly T[],
): readonly T[] | undefined {
  return text?.split(',').map((name) => {
    const found = all.find((item) => item.name === name);
    if (found !== undefined) return found;
    const names = all.map((item) => item.name).join(', ');
    throw new DecisionOptionError(`${option}: there is no ${name}; there are ${names}`);
  });
}
