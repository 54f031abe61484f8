import type { Extent } from '../../engine/ports/rule-evaluator.ts';
import { forAllPackets, maxExtent, negated } from '../model/extent.ts';
import type { Region } from '../model/region.ts';
import { parseSubnet, type Subnet } from '../model/subnet.ts';
import { type OperatorDefinition, operatorNamed } from './operators.ts';

/**
 * Compares the values of a header field that a flow can carry with a literal: for all, some or
 * none of its packets. `some` is also the result where these rules cannot decide.
 */
export function compareRegion(
  operator: OperatorDefinition,
  region: Region,
  value: unknown,
): Extent {
  const rule = RULES.get(operator.name);
  if (rule !== undefined) return rule(operator, region, value);
  const opposite = operatorNamed(operator.opposite ?? '');
  const extent = opposite && RULES.get(opposite.name)?.(opposite, region, value);
  if (extent === undefined) return 'some';
  // A value of the wrong type makes both an operator and its opposite false.
  return extent === 'none' && !operator.holds(region.lowest, value) ? 'none' : negated(extent);
}

type Rule = (operator: OperatorDefinition, region: Region, value: unknown) => Extent;

/** For one of each pair of opposite operators. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['equal', (_, region, value) => amongValues(region, [value])],
  ['in', (_, region, value) => (Array.isArray(value) ? amongValues(region, value) : 'none')],
  ['lessThan', byEnds],
  ['lessThanInclusive', byEnds],
  ['between', (_, region, value) => between(region, value)],
  ['cidr', (_, region, value) => inSubnets(region, value)],
  ['matches', (_, region) => (typeof region.lowest === 'string' ? 'some' : 'none')],
  ['contains', () => 'none'],
]);

function amongValues(region: Region, values: readonly unknown[]): Extent {
  const listed = new Set(values.filter((value) => region.includes(value)));
  if (listed.size === 0) return 'none';
  return listed.size === 2 ** region.freeBits ? 'all' : 'some';
}

/** For an operator that holds for the small values up to some bound. */
function byEnds({ holds }: OperatorDefinition, region: Region, value: unknown): Extent {
  if (holds(region.highest, value)) return 'all';
  return holds(region.lowest, value) ? 'some' : 'none';
}

function between(region: Region, value: unknown): Extent {
  const [low, high]: readonly unknown[] = Array.isArray(value) ? value : [];
  const { lowest, highest } = region;
  if (typeof low !== 'number' || typeof high !== 'number') return 'none';
  if (typeof lowest !== 'number' || typeof highest !== 'number') return 'none';
  if (low <= lowest && highest <= high) return 'all';
  const first = region.from(low);
  return first !== undefined && first <= high ? 'some' : 'none';
}

function inSubnets(region: Region, value: unknown): Extent {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const subnets = texts.flatMap(
    (text) => (typeof text === 'string' ? parseSubnet(text) : undefined) ?? [],
  );
  return coverage(region, subnets);
}

/** Whether all, some or none of the values are in one of the subnets. */
function coverage(region: Region, subnets: readonly Subnet[]): Extent {
  const extent = maxExtent(subnets.map((subnet) => region.inSubnet(subnet)));
  if (extent !== 'some') return extent;
  // Several subnets together can cover it: they do if they cover both halves.
  const partial = subnets.filter((subnet) => region.inSubnet(subnet) === 'some');
  const halves = partial.length > 1 ? region.halves(partial[0].length) : [];
  const all = halves.length > 0 && halves.every((half) => coverage(half, partial) === 'all');
  return all ? 'all' : 'some';
}

/** Compares the values of a field with those of another one, as if they were independent. */
export function compareRegions(operator: OperatorDefinition, a: Region, b: Region): Extent {
  switch (operator.name) {
    case 'equal':
      return sameValue(a, b);
    case 'notEqual':
      return negated(sameValue(a, b));
    case 'lessThan':
    case 'lessThanInclusive':
    case 'greaterThan':
    case 'greaterThanInclusive': {
      const ends = [operator.holds(a.lowest, b.highest), operator.holds(a.highest, b.lowest)];
      return ends[0] === ends[1] ? forAllPackets(ends[0]) : 'some';
    }
    default:
      return 'some';
  }
}

function sameValue(a: Region, b: Region): Extent {
  if (!a.overlaps(b)) return 'none';
  return a.freeBits === 0 && b.freeBits === 0 ? 'all' : 'some';
}
