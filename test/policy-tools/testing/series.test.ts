import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quantity, QuantityError } from '../../../policy/model/quantity.ts';
import { parseSeries, SeriesError } from '../../../policy-tools/testing/series.ts';

const RATE = (text: string): number => quantity(text, 'bit/s');

/** The values of a series and one more tick. */
function valuesOf(text: string): (number | undefined)[] {
  const series = parseSeries(text, RATE);
  return Array.from({ length: series.length + 1 }, (_, tick) => series.at(tick));
}

describe('series in policy tests', () => {
  const readings: readonly [string, (number | undefined)[]][] = [
    ['5', [5, 5]],
    ['5x3', [5, 5, 5, 5, 5]],
    ['0+100x3', [0, 100, 200, 300, 300]],
    ['300-100x3', [300, 200, 100, 0, 0]],
    ['_ 1', [undefined, 1, 1]],
    ['_x2 7 _', [undefined, undefined, undefined, 7, undefined, undefined]],
    ['0+100Mbit/s x2', [0, 1e8, 2e8, 2e8]],
    ['1Gbit/sx1 0', [1e9, 1e9, 0, 0]],
    ['  1.5kbit/s\t2e3 ', [1500, 2000, 2000]],
    ['-5+5x1', [-5, 0, 0]],
  ];
  for (const [text, values] of readings) {
    it(`reads "${text}"`, () => assert.deepEqual(valuesOf(text), values));
  }

  const refusals: readonly [string, RegExp][] = [
    ['', /"" is not valid in a series/],
    ['x3', /"x3" is not valid in a series/],
    ['5x', /5x/],
    ['0+100', /has no number of steps; write "0\+100x30"/],
    ['_+1x3', /"_" cannot have a slope/],
    ['1Mbot/s', /unknown unit "Mbot\/s"; did you mean "Mbit\/s"/],
    ['1s', /"s" is a time/],
    ['1x100000', /more than 100000 values/],
    ['1x99998 1 1', /more than 100000 values/],
  ];
  for (const [text, message] of refusals) {
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parseSeries(text, RATE),
        (error) =>
          (error instanceof SeriesError || error instanceof QuantityError) &&
          message.test(error.message),
      );
    });
  }

  it('parses the values that it was formatted from', () => {
    const run = fc.record({
      start: fc.option(fc.nat(1e6), { nil: undefined }),
      step: fc.integer({ min: -1000, max: 1000 }),
      times: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        const text = runs.map(({ start, step, times }) => {
          if (start === undefined) return `_x${times}`;
          return `${start}${step < 0 ? '-' : '+'}${Math.abs(step)}x${times}`;
        });
        const values = runs.flatMap(({ start, step, times }) =>
          Array.from({ length: times + 1 }, (_, i) =>
            start === undefined ? undefined : start + step * i,
          ),
        );
        assert.deepEqual(valuesOf(text.join(' ')), [...values, values.at(-1)]);
      }),
    );
  });

  it('throws only SeriesError and QuantityError', () => {
    const anything = fc.oneof(fc.string(), fc.stringMatching(/^[0-9+x_. -]{0,20}$/));
    fc.assert(
      fc.property(anything, (text) => {
        try {
          parseSeries(text, RATE);
        } catch (error) {
          assert.ok(error instanceof SeriesError || error instanceof QuantityError);
        }
      }),
    );
  });
});
