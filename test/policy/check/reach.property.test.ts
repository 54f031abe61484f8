import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Comparison, Condition } from '../../../policy/model/condition.ts';
import { contradictions } from '../../../policy/check/contradiction-check.ts';
import { factNamed } from '../../../policy/facts/facts.ts';
import type { Extent } from '../../../engine/ports/rule-evaluator.ts';
import { maxExtent, minExtent, negated, suffices } from '../../../policy/model/extent.ts';
import { Possible } from '../../../policy/model/possible.ts';
import { anyOf, NUMBER_16, Region } from '../../../policy/model/region.ts';
import { comparing } from '../../../policy/operators/compare.ts';
import { decoratedOperator } from '../../../policy/operators/decorators.ts';
import { operatorNamed } from '../../../policy/operators/operators.ts';
import { covers } from '../../../policy/check/reach-check.ts';

/*
 * The results of the checker must be true for flows: a covered rule holds only if the other rule
 * does, and a contradiction never holds.
 */

type Facts = Readonly<Record<string, unknown>>;

const number = fc.integer({ min: 0, max: 4 });
const at = { line: 1, column: 1 };

function numbers(fact: string, optional: boolean): fc.Arbitrary<Comparison> {
  const equality = fc.constantFrom('equal', 'notEqual');
  const ordering = fc.constantFrom(
    'lessThan',
    'lessThanInclusive',
    'greaterThan',
    'greaterThanInclusive',
  );
  const lists = fc.uniqueArray(number, { minLength: 1, maxLength: 3 });
  const ranges = fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
  const value = optional ? fc.option(number, { freq: 4 }) : number;
  return fc.oneof(
    fc.record({ fact: fc.constant(fact), operator: equality, value, at: fc.constant(at) }),
    fc.record({ fact: fc.constant(fact), operator: ordering, value: number, at: fc.constant(at) }),
    fc.record({
      fact: fc.constant(fact),
      operator: fc.constantFrom('in', 'notIn'),
      value: lists,
      at: fc.constant(at),
    }),
    fc.record({
      fact: fc.constant(fact),
      operator: fc.constantFrom('between', 'notBetween'),
      value: ranges,
      at: fc.constant(at),
    }),
  );
}

const PLACEMENTS = ['onload', 'offload', 'fast-path'];
const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  numbers('packetsPerSecond', false),
  numbers('tcpDst', true),
  fc.record({
    fact: fc.constant('placement'),
    operator: fc.constantFrom('in', 'notIn'),
    value: fc.subarray(PLACEMENTS, { minLength: 1 }),
    at: fc.constant(at),
  }),
);

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('condition') }),
  ),
}));

function holds(c: Condition, facts: Facts): boolean {
  if ('all' in c) return c.all.every((child) => holds(child, facts));
  if ('any' in c) return c.any.some((child) => holds(child, facts));
  if ('not' in c) return !holds(c.not, facts);
  return operatorNamed(c.operator)?.holds(facts[c.fact], c.value) === true;
}

/** All flows that the comparisons can distinguish. */
const flows: readonly Facts[] = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5].flatMap((packetsPerSecond) =>
  [undefined, 0, 1, 2, 3, 4, 5].flatMap((tcpDst) =>
    PLACEMENTS.map((placement) => ({ packetsPerSecond, tcpDst, placement })),
  ),
);

/** Flows that leave the port open, in part or with packets that have none. */
const megaflows: readonly Facts[] = [0, 1.5, 3].flatMap((packetsPerSecond) =>
  [
    undefined,
    2,
    new Possible([anyOf(NUMBER_16)]),
    new Possible([anyOf(NUMBER_16), undefined]),
    new Possible([new Region(NUMBER_16, Uint8Array.of(0, 2), Uint8Array.of(0xff, 0xfe))]),
  ].map((tcpDst) => ({ packetsPerSecond, tcpDst, placement: 'onload' })),
);

function extentOf(c: Condition, facts: Facts): Extent {
  if ('all' in c) return minExtent(c.all.map((child) => extentOf(child, facts)));
  if ('any' in c) return maxExtent(c.any.map((child) => extentOf(child, facts)));
  if ('not' in c) return negated(extentOf(c.not, facts));
  const operator = decoratedOperator(c.operator);
  return operator === undefined ? 'none' : comparing(operator)(facts[c.fact], c.value);
}

describe('reach check', () => {
  it('reports a rule as covered only if the other rule always holds with it', () => {
    let covered = 0;
    fc.assert(
      fc.property(condition, condition, (a, b) => {
        const node = (conditions: Condition) => ({ conditions, needed: undefined });
        if (!covers(node(a), node(b), factNamed)) return;
        covered++;
        for (const facts of flows)
          if (holds(b, facts)) assert(holds(a, facts), JSON.stringify(facts));
      }),
      { numRuns: 20_000 },
    );
    assert(covered > 200, `${covered} pairs`);
  });

  it('reports a rule as covered only if the other rule holds for the packets of every flow', () => {
    const needs = fc.constantFrom('some' as const, 'all' as const);
    const found = { alike: 0, mixed: 0 };
    fc.assert(
      fc.property(condition, condition, needs, needs, (a, b, earlier, later) => {
        const [first, second] = [
          { conditions: a, needed: earlier },
          { conditions: b, needed: later },
        ];
        if (!covers(first, second, factNamed)) return;
        if (earlier === later) found.alike++;
        else found.mixed++;
        for (const flow of megaflows)
          if (suffices(extentOf(b, flow), later)) {
            assert(suffices(extentOf(a, flow), earlier), JSON.stringify(flow));
          }
      }),
      { numRuns: 20_000 },
    );
    assert(found.alike > 100 && found.mixed > 50, JSON.stringify(found));
  });

  it('reports a contradiction only if the conjunction never holds', () => {
    let found = 0;
    const all = fc.array(comparison, { minLength: 2, maxLength: 4 }).map((list) => ({ all: list }));
    fc.assert(
      fc.property(all, (c) => {
        if (contradictions(c, factNamed).length === 0) return;
        found++;
        for (const facts of flows) assert(!holds(c, facts), JSON.stringify(facts));
      }),
      { numRuns: 10_000 },
    );
    assert(found > 200, `${found} contradictions`);
  });

  it('finds every contradiction of bounds on a number', () => {
    const bounds = fc.record({
      fact: fc.constant('packetsPerSecond'),
      operator: fc.constantFrom('lessThan', 'greaterThan'),
      value: number,
      at: fc.constant(at),
    });
    fc.assert(
      fc.property(fc.array(bounds, { minLength: 2, maxLength: 4 }), (list) => {
        const c = { all: list };
        const possible = Array.from({ length: 200 }, (_, i) => i / 20 - 2).some((n) =>
          holds(c, { packetsPerSecond: n }),
        );
        assert.equal(contradictions(c, factNamed).length === 0, possible);
      }),
    );
  });
});
