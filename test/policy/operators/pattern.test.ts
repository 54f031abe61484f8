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
    '(a+)+$',
    '(?:a|a)*',
    'a*b*c*d*',
    'a{1000}',
    '(?<n>a)',
  ]) {
    it(`accept ${pattern}`, () => {
      assert.equal(patternProblem(pattern), undefined);
    });
  }

  const refused: readonly [string, RegExp][] = [
    ['', /matches everything/],
    ['a'.repeat(101), /101 characters/],
    ['(?:a{100}){100}', /invalid repeat count/],
    ['(a)\\1', /invalid escape sequence: "\\1"/],
    ['(?=a)', /unsupported Perl syntax: "\(\?="/],
    ['[a', /not a valid regular expression of RE2: missing closing \]/],
    ['a)', /not a valid regular expression of RE2: unexpected \)/],
  ];
  for (const [pattern, message] of refused) {
    it(`refuse ${pattern.slice(0, 20)}`, () => {
      assert.match(patternProblem(pattern) ?? '', message);
    });
  }

  it('match names', () => {
    assert.equal(compilePattern('^(?:web|db)-\\d+$')('db-12'), true);
    assert.equal(compilePattern('^(?:web|db)-\\d+$')('app-12'), false);
    assert.equal(compilePattern('z$')(`${'a'.repeat(255)}z`), true);
    assert.equal(
      compilePattern('z')(`${'a'.repeat(256)}z`),
      false,
      'only the first 256 characters',
    );
  });

  it('take a time that grows with the length of the text alone', () => {
    // Backtracking takes seconds for the shortest of these, and years for others.
    const patterns = [
      `^${'a?'.repeat(26)}${'a'.repeat(8)}$`,
      `^${'a?'.repeat(46)}$`,
      `^(?:${'(|a)'.repeat(22)})*$`,
      '^(((((a|b)*|c)*|d)*|e)*|f)*$',
      '(x+x+)+y',
    ];
    for (const pattern of patterns) {
      assert.equal(patternProblem(pattern), undefined, pattern);
      const test = compilePattern(pattern);
      const startedMs = performance.now();
      for (let i = 0; i < 20; i++) test(`${'a'.repeat(40)}${'x'.repeat(40)}b${i}`);
      const elapsedMs = performance.now() - startedMs;
      assert(elapsedMs < 1000, `${pattern} takes ${elapsedMs} ms for 20 texts`);
    }
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
      'a?',
      '(|a)',
      '|',
      '\\d',
    );
    const pattern = fc.array(parts, { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(pattern, (text) => {
        if (patternProblem(text) !== undefined) return;
        const test = compilePattern(text);
        // The cost of the pattern is the least of three times: a busy machine can interrupt each of them.
        const costMs = Math.min(
          ...[1, 2, 3].map((i) => timeOf(() => test(`${'a'.repeat(500)}!${i}`))),
        );
        assert(costMs < 100, text);
      }),
      { numRuns: 500 },
    );
  });
});

function timeOf(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}
