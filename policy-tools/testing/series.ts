/** A text is not a valid series; the message says which part and what is valid. */
export class SeriesError extends Error {
  override readonly name = 'SeriesError';
}

/** A value per tick. */
export interface Series {
  /** Number of values; after them the last value continues. */
  readonly length: number;
  /** The value of a tick, from 0; undefined for `_`, which means absent. */
  at(tick: number): number | undefined;
}

/** Maximum number of values. */
const MAX_VALUES = 100_000;

/** Values `start`, `start + step` and so on; `start` is undefined for `_`. */
interface Run {
  readonly from: number;
  readonly start: number | undefined;
  readonly step: number;
}

/**
 * Parses Prometheus's notation for series in tests, extended by units. Values are separated by
 * spaces: `AxN` is A and N repetitions of it, `A+BxN` is A and N steps up by B, `A-BxN` the same
 * downwards, and `_` or `_xN` is absent. A space before the `x` is allowed: `"0+100Mbit/s x30"`
 * rises from 0 to 3 Gbit/s over 31 ticks.
 *
 * @param quantity converts a number with or without a unit to base units; throws if it is invalid
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

/** A series with the same value in all ticks. */
export function constantSeries(value: number): Series {
  return { length: 1, at: () => value };
}

const ITEM =
  /^(?<start>_|-?[\d.]+(?:e[+-]?\d+)?[^\s+-]*?)(?:(?<sign>[+-])(?<step>[\d.]\S*?))?(?:x(?<times>\d+))?$/;

function parseItem(item: string, quantity: (text: string) => number) {
  const parts = ITEM.exec(item)?.groups;
  if (parts === undefined) {
    throw new SeriesError(
      `"${item}" is not valid in a series; write a value ("5000"), a repetition ("5000x20"), ` +
        'a slope ("0+100x30", "3000-100x30") or "_" for absent',
    );
  }
  const { start, sign, step, times } = parts;
  const count = 1 + Number(times ?? 0);
  if (count > MAX_VALUES) throw new SeriesError(`"${item}" has more than ${MAX_VALUES} values`);
  if (start === '_') {
    if (sign !== undefined) throw new SeriesError(`"${item}": "_" cannot have a slope`);
    return { start: undefined, step: 0, count };
  }
  if (sign !== undefined && times === undefined) {
    throw new SeriesError(`"${item}" has no number of steps; write "${item}x30"`);
  }
  // In "0+100Mbit/s", the zero needs no unit.
  const by = step === undefined ? 0 : quantity(step);
  return { start: quantity(start), step: sign === '-' ? -by : by, count };
}

function valueAt(runs: readonly Run[], tick: number): number | undefined {
  const run = runs.findLast((r) => r.from <= tick);
  return run?.start === undefined ? undefined : run.start + run.step * (tick - run.from);
}
