import { Sfc32 } from '../../../adapters/emulator/random.ts';

/** Names and values of parameters. */
export type Parameters = Readonly<Record<string, readonly [string, ...string[]]>>;

/** One value of every parameter, or of some. */
export type Row = Readonly<Record<string, string>>;

/** Whether the values chosen so far can be in one row. Values that are not chosen yet are absent. */
export type Constraint = (chosen: Row) => boolean;

/** What rows must and must not contain. */
export interface CoveringOptions {
  /** Default: every combination is allowed. */
  readonly allows?: Constraint;
  /** Pairs for which it is false occur only by chance; default: every pair must occur. */
  readonly needs?: (pair: Row) => boolean;
  /** The first rows contain these values, and the pairs in them are covered. */
  readonly first?: readonly Row[];
}

/** Candidates per row; the one that covers most pairs is taken. */
const CANDIDATES = 16;

/**
 * Rows in which every pair of values of two parameters occurs together, unless the constraint
 * excludes it (AETG: Cohen et al., The AETG System, 1997). The number of rows is at least the
 * product of the two longest parameters, and usually not much more.
 *
 * The same seed gives the same rows.
 */
export function coveringRows(
  parameters: Parameters,
  seed: number,
  options: CoveringOptions = {},
): readonly Row[] {
  const { allows = () => true, needs = () => true, first = [] } = options;
  const random = new Sfc32(seed);
  const pairs = allPairs(parameters, allows).filter(needs);
  const open = new Map(pairs.map((pair) => [keyOf(pair), pair]));
  const rows: Row[] = [];
  const addBest = (start: () => Row) => {
    const candidates = Array.from({ length: CANDIDATES }, () => {
      const row = completed(start(), parameters, open, random, allows);
      return { row, covers: pairsOf(row).filter((pair) => open.has(keyOf(pair))) };
    });
    const best = candidates.reduce((a, b) => (b.covers.length > a.covers.length ? b : a));
    for (const pair of best.covers) open.delete(keyOf(pair));
    rows.push(best.row);
  };
  for (const row of first) addBest(() => row);
  while (open.size > 0) addBest(() => [...open.values()][random.below(open.size)]);
  return rows;
}

/** Every pair of values of two parameters that can occur in a row. */
export function allPairs(parameters: Parameters, allows: Constraint = () => true): readonly Row[] {
  const names = Object.keys(parameters);
  return names
    .flatMap((a, i) =>
      names
        .slice(i + 1)
        .flatMap((b) =>
          parameters[a].flatMap((left) =>
            parameters[b].map((right): Row => ({ [a]: left, [b]: right })),
          ),
        ),
    )
    .filter((pair) => canComplete(pair, parameters, names, allows));
}

/** The pairs of values in a row, in its order. */
export function pairsOf(row: Row): readonly Row[] {
  const entries = Object.entries(row);
  return entries.flatMap(([a, left], i) =>
    entries.slice(i + 1).map(([b, right]): Row => ({ [a]: left, [b]: right })),
  );
}

/** The row, with the value of each other parameter that covers most of the open pairs. */
function completed(
  start: Row,
  parameters: Parameters,
  open: ReadonlyMap<string, Row>,
  random: Sfc32,
  allows: Constraint,
): Row {
  const names = Object.keys(parameters);
  let row = start;
  for (const name of shuffled(names, random)) {
    if (name in row) continue;
    const allowed = shuffled(parameters[name], random).filter((value) =>
      canComplete({ ...row, [name]: value }, parameters, names, allows),
    );
    const gains = allowed.map((value) => gainOf(row, name, value, names, open));
    row = { ...row, [name]: allowed[gains.indexOf(Math.max(...gains))] };
  }
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

/** Open pairs of one more value with those of the row. */
function gainOf(
  row: Row,
  name: string,
  value: string,
  names: readonly string[],
  open: ReadonlyMap<string, Row>,
): number {
  const at = names.indexOf(name);
  return Object.entries(row).filter(([other, of]) => {
    const before = names.indexOf(other) < at;
    return open.has(
      keyOf(before ? { [other]: of, [name]: value } : { [name]: value, [other]: of }),
    );
  }).length;
}

/** Whether the constraint allows some values for the parameters that the row lacks. */
function canComplete(
  row: Row,
  parameters: Parameters,
  names: readonly string[],
  allows: Constraint,
): boolean {
  if (!allows(row)) return false;
  const name = names.find((each) => !(each in row));
  if (name === undefined) return true;
  return parameters[name].some((value) =>
    canComplete({ ...row, [name]: value }, parameters, names, allows),
  );
}

/** Of a pair whose parameters are in their order. */
function keyOf(pair: Row): string {
  return Object.entries(pair).flat().join('\0');
}

function shuffled<T>(values: readonly T[], random: Sfc32): T[] {
  const left = [...values];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(random.below(left.length), 1));
  return result;
}
