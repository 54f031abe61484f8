import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UNKNOWN, Possible } from '../../../policy/model/possible.ts';
import { IPV4, NUMBER_8, Region } from '../../../policy/model/region.ts';
import { comparing } from '../../../policy/operators/compare.ts';
import { decoratedOperator } from '../../../policy/operators/decorators.ts';

/*
 * Comparisons of a region with a literal, against trying each of its values.
 */

function compare(operator: string, fact: unknown, value: unknown): string {
  const found = decoratedOperator(operator);
  assert(found !== undefined, operator);
  return comparing(found)(fact, value);
}

function tried(operator: string, values: readonly unknown[], value: unknown): string {
  const extents = new Set(values.map((fact) => compare(operator, fact, value)));
  return extents.size === 1 ? [...extents][0] : 'some';
}

const byte = fc.integer({ min: 0, max: 255 });
const region = fc.tuple(byte, byte).map(([value, mask]) => ({
  known: new Region(NUMBER_8, Uint8Array.of(value & mask), Uint8Array.of(mask)),
  values: Array.from({ length: 256 }, (_, n) => n).filter((n) => (n & mask) === (value & mask)),
}));
/** Numbers near a byte, some of which no byte has, and values of other types. */
const literal = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 258 }) },
  { weight: 1, arbitrary: fc.constantFrom(0.5, 254.5, null, 'x', undefined) },
);

describe('a comparison of what is known about a header', () => {
  const operators = [
    'equal',
    'notEqual',
    'lessThan',
    'lessThanInclusive',
    'greaterThan',
    'greaterThanInclusive',
    'not:equal',
    'not:lessThan',
  ];
  it('with a number agrees with each of its values', () => {
    fc.assert(
      fc.property(region, literal, fc.constantFrom(...operators), (r, value, operator) => {
        const expected = tried(operator, r.values, value);
        assert.equal(compare(operator, new Possible([r.known]), value), expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('with a list or a range agrees with each of its values', () => {
    const lists = fc.oneof(
      fc.array(literal, { minLength: 1, maxLength: 5 }),
      fc.tuple(byte, byte).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
    );
    const names = fc.constantFrom('in', 'notIn', 'between', 'notBetween', 'not:between');
    fc.assert(
      fc.property(region, lists, names, (r, value, operator) => {
        const expected = tried(operator, r.values, value);
        assert.equal(compare(operator, new Possible([r.known]), value), expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('with another header contains each pair of their values', () => {
    const names = fc.constantFrom(...operators.filter((name) => !name.startsWith('not:')));
    fc.assert(
      fc.property(region, region, names, (a, b, operator) => {
        const holding = new Set(
          a.values.flatMap((x) => b.values.slice(0, 20).map((y) => compare(operator, x, y))),
        );
        const extent = compare(operator, new Possible([a.known]), new Possible([b.known]));
        if (extent !== 'some') assert.deepEqual([...holding], [extent]);
      }),
      { numRuns: 300 },
    );
  });

  it('with subnets agrees with each of its addresses', () => {
    // Within 10.0.0.0/28, so that all addresses can be tried.
    const nibble = fc.integer({ min: 0, max: 15 });
    const addresses = fc.tuple(nibble, nibble).map(([value, mask]) => ({
      known: new Region(
        IPV4,
        Uint8Array.of(10, 0, 0, value & mask),
        Uint8Array.of(255, 255, 255, 0xf0 | mask),
      ),
      values: Array.from({ length: 16 }, (_, n) => n)
        .filter((n) => (n & mask) === (value & mask))
        .map((n) => `10.0.0.${n}`),
    }));
    const subnet = fc.tuple(nibble, fc.integer({ min: 28, max: 32 })).map(([n, bits]) => {
      const low = n & (0xff << (32 - bits));
      return `10.0.0.${low}/${bits}`;
    });
    fc.assert(
      fc.property(
        addresses,
        fc.oneof(subnet, fc.array(subnet, { minLength: 1, maxLength: 5 })),
        fc.constantFrom('cidr', 'notCidr', 'not:cidr', 'someValue:cidr'),
        (a, value, operator) => {
          const expected = tried(operator, a.values, value);
          const extent = compare(operator, new Possible([a.known]), value);
          // Decorators try the subnets one by one.
          if (operator === 'someValue:cidr') assert(extent === expected || extent === 'some');
          else assert.equal(extent, expected);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('with an unknown value may hold, unless it asks whether the value is known', () => {
    assert.equal(compare('equal', UNKNOWN, 'a'), 'some');
    assert.equal(compare('notEqual', UNKNOWN, 'a'), 'some');
    assert.equal(compare('not:equal', UNKNOWN, 'a'), 'some');
    assert.equal(compare('matches', UNKNOWN, '^a'), 'some');
    assert.equal(compare('in', UNKNOWN, ['a']), 'some');
    assert.equal(compare('equal', UNKNOWN, null), 'all');
    assert.equal(compare('notEqual', UNKNOWN, null), 'none');
    assert.equal(compare('equal', 5, UNKNOWN), 'some');
    assert.equal(compare('equal', undefined, UNKNOWN), 'none', 'there certainly is no value');
  });
});
