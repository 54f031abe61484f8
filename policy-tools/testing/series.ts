/** A text that is no series; the message says which part and what it can be. */
export class SeriesError extends Error {
  override readonly name = 'SeriesError';
}

/** One value a tick. */
export interface Series {
  /** Ticks that the text gives values for; afterwards the last one holds. */
  readonly length: number;
  /** The value of a tick, from 0; undefined where the text has `_`: nothing is there. */
  at(tick: number): number | undefined;
}

/** Most values of a series. */
const MAX_VALUES = 100_000;

/** One run of values: `start`, then `start + step` and so on; `start` undefined for `_`. */
interface Run {
  readonly from: number;
  readonly start: number | undefined;
  readonly step: number;
}

/**
 * Reads the notation that Prometheus has for series in tests, with units: values separated by
 * spaces, where `AxN` is A and N repetitions of it, `A+BxN` is A and N steps of B up from it,
 * `A-BxN` the same downwards, and `_` or `_xN` nothing. A space before the `x` is allowed:
 * `"0+100Mbit/s x30"` rises from 0 to 3 Gbit/s over 31 ticks.
 *
 * @param quantity turns a number with or without a unit into base units; throws when it cannot
 * @throws {SeriesError}
 */
export function parseSeries(text: string, quantity: (text: string) => number): Series {
  const items = text
    .trim()
    .replaceAll(/\s+(?=x\d)/g, '')
    .split(/\s+/);
  const runs: Run[] = [];
  let length = 0;
  for (const item of items) {
    const { start, step, count } = parseItem(item, quantity);
    runs.push({ from: length, start, step });
    length += count;
    if (length > MAX_VALUES) throw new SeriesError(`"${text}" has more than ${MAX_VALUES} values`);
  }
  return { length, at: (tick) => valueAt(runs, Math.min(tick, length - 1)) };
}

/** A series of one value that holds all the time. */
export function constantSeries(value: number): Series {
  return { length: 1, at: () => value };
}

const ITEM =
  /^(?<start>_|-?[\d.]+(?:e[+-]?\d+)?[^\s+-]*?)(?:(?<sign>[+-])(?<step>[\d.]\S*?))?(?:x(?<times>\d+))?$/;

function parseItem(item: string, quantity: (text: string) => number) {
  const parts = ITEM.exec(item)?.groups;
  if (parts === undefined) {
    throw new SeriesError(
      `"${item}" is no part of a series; write a value ("5000"), a repetition ("5000x20"), ` +
        'a slope ("0+100x30", "3000-100x30") or "_" for nothing',
    );
  }
  const { start, sign, step, times } = parts;
  const count = 1 + Number(times ?? 0);
  if (count > MAX_VALUES) throw new SeriesError(`"${item}" has more than ${MAX_VALUES} values`);
  if (start === '_') {
    if (sign !== undefined) throw new SeriesError(`"${item}": there is no slope from nothing`);
    return { start: undefined, step: 0, count };
  }
  if (sign !== undefined && times === undefined) {
    throw new SeriesError(`"${item}" does not say how many steps there are; write "${item}x30"`);
  }
  // "0+100Mbit/s": a zero needs no unit of its own.
  const by = step === undefined ? 0 : quantity(step);
  return { start: quantity(start), step: sign === '-' ? -by : by, count };
}

function valueAt(runs: readonly Run[], tick: number): number | undefined {
  const run = runs.findLast((r) => r.from <= tick);
  return run?.start === undefined ? undefined : run.start + run.step * (tick - run.from);
}
