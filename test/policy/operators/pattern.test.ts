import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compilePattern, patternProblem } from '../../../policy/operators/pattern.ts';

describe('patterns', () => {
  for (const pattern of [
    '^vm',
    'eth[0-9]$',
    '^(?:web|db)-\\d+',
    'a{3}',
    '^vm.*-blue$',
    '\\.lan$',
    '[(+*]x',
  ]) {
    it(`accept ${pattern}`, () => {
      assert.equal(patternProblem(pattern), undefined);
    });
  }

  const refused: readonly [string, RegExp][] = [
    ['', /matches everything/],
    ['a'.repeat(101), /101 characters/],
    ['(a+)+$', /repeats a group/],
    ['(?:a|a)*', /repeats a group/],
    ['(a){2,}', /repeats a group/],
    ['a*b*c*', /3 repetitions/],
    ['a{1000}', /more than 32 times/],
    ['(a)\\1', /has a back-reference/],
    ['(?=a)', /has look-around/],
    ['(?<n>a)', /or a named group/],
    ['[a', /not a valid regular expression/],
    ['a)', /not a valid regular expression/],
  ];
  for (const [pattern, message] of refused) {
    it(`refuse ${pattern.slice(0, 20)}`, () => {
      assert.match(patternProblem(pattern) ?? '', message);
    });
  }

  it('match names', () => {
    assert.equal(compilePattern('^(?:web|db)-\\d+$')('db-12'), true);
    assert.equal(compilePattern('^(?:web|db)-\\d+$')('app-12'), false);
    assert.equal(compilePattern('z')(`${'a'.repeat(64)}z`), false, 'only the first 64 characters');
  });

  it('have bounded cost if they are accepted', () => {
    const parts = fc.constantFrom(
      'a',
      'a*',
      '.*',
      '.+',
      '[ab]',
      '(a|b)',
      '(',
      ')',
      'a{2}',
      '$',
      '^',
      '?',
      '|',
      '\\d',
    );
    const pattern = fc.array(parts, { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(pattern, (text) => {
        if (patternProblem(text) !== undefined) return;
        const test = compilePattern(text);
        const startedMs = performance.now();
        test(`${'a'.repeat(500)}!`);
        assert(performance.now() - startedMs < 100, text);
      }),
      { numRuns: 500 },
    );
  });
});
