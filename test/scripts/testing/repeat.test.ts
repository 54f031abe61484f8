import assert from 'node:assert/strict';
import type { LaneEnd } from '../../../scripts/testing/lane-process.mjs';
import { lanesToRepeat, withRepeated } from '../../../scripts/testing/repeat.mjs';
import type { FileCounts } from '../../../scripts/testing/results.mjs';

function counts(name: string, passed: number, failed = 0, skipped = 0): FileCounts {
  return { file: `dist/test/${name}.test.js`, passed, failed, skipped };
}

/** The end of a lane of these files, with text for its failures. */
function endOf(name: string, files: readonly FileCounts[], trouble?: string): LaneEnd {
  const sum = (key: 'passed' | 'failed' | 'skipped') =>
    files.reduce((total, file) => total + file[key], 0);
  const result = {
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    reasons: [],
    elapsedMs: [],
    files,
    failures: sum('failed') === 0 ? '' : `failures of ${name}`,
  };
  return { name, result, trouble, elapsedMs: 1_000 };
}

const LANES = [
  { name: 'one', files: ['test/a.test.ts', 'test/b.test.ts'] },
  { name: 'two', files: ['test/c.test.ts'], kernel: 'release' },
] as const;
const GOOD = endOf('two', [counts('c', 4)]);

describe('files with failed tests', () => {
  it('are repeated in their lane, on its kernel', () => {
    const ends = [
      endOf('one', [counts('a', 2, 1), counts('b', 3)]),
      endOf('two', [counts('c', 0, 1)]),
    ];
    assert.deepEqual(lanesToRepeat(LANES, ends), [
      { name: 'one', files: ['test/a.test.ts'] },
      { name: 'two', files: ['test/c.test.ts'], kernel: 'release' },
    ]);
  });

  it('are not repeated when no test failed, when many files failed, or a lane as a whole', () => {
    const good = endOf('one', [counts('a', 2), counts('b', 3)]);
    assert.deepEqual(lanesToRepeat(LANES, [good, GOOD]), []);
    const many = endOf(
      'one',
      ['a', 'b', 'd', 'e'].map((name) => counts(name, 1, 1)),
    );
    assert.deepEqual(lanesToRepeat(LANES, [many, GOOD]), []);
    const dead: LaneEnd = { name: 'two', result: undefined, trouble: 'was ended', elapsedMs: 1 };
    assert.deepEqual(lanesToRepeat(LANES, [endOf('one', [counts('a', 2, 1)]), dead]), []);
  });

  it('count with their second result, beside the first of the other files', () => {
    const first = endOf('one', [counts('a', 2, 1, 1), counts('b', 3)]);
    const again = withRepeated(first, endOf('one', [counts('a', 3, 0, 1)]));
    const { passed, failed, skipped, failures, failuresBefore } = again.result ?? {};
    assert.deepEqual(
      { passed, failed, skipped, failures, failuresBefore },
      { passed: 6, failed: 0, skipped: 1, failures: '', failuresBefore: 'failures of one' },
    );
    assert.equal(again.elapsedMs, 2_000);
  });

  it('still fail when they fail again, or their process does', () => {
    const first = endOf('one', [counts('a', 2, 1), counts('b', 3)]);
    const failing = withRepeated(first, endOf('one', [counts('a', 1, 2)]));
    assert.deepEqual([failing.result?.passed, failing.result?.failed], [4, 2]);
    assert.equal(failing.result?.failures, 'failures of one');
    const dead = { name: 'one', result: undefined, trouble: 'was ended by SIGSEGV', elapsedMs: 1 };
    const crashed = withRepeated(first, dead);
    assert.deepEqual([crashed.result?.failed, crashed.trouble], [1, 'was ended by SIGSEGV']);
  });

  it('are left as they are without a repetition', () => {
    assert.equal(withRepeated(GOOD, undefined), GOOD);
  });
});
