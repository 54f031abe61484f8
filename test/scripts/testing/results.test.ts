import assert from 'node:assert/strict';
import { addUp, summaryOf } from '../../../scripts/testing/results.mjs';

const RESULT = { passed: 2, failed: 0, skipped: 1, failures: '' };
const ALL = { filtered: false };

/** The end of a lane that passed two tests in folder a and skipped one. */
function endOf(name: string, trouble?: string) {
  const result = {
    ...RESULT,
    reasons: [['needs root', 1]] as const,
    elapsedMs: [['a', 1_500]] as const,
    files: [],
  };
  return { name, result, trouble, elapsedMs: 2_000 };
}

describe('results of lanes', () => {
  it('are summed up', () => {
    const failing = endOf('two');
    const two = { ...failing, result: { ...failing.result, failed: 3, failures: '  1) it fails' } };
    const total = addUp([endOf('one'), two], ALL);
    assert.deepEqual(total, {
      passed: 4,
      failed: 3,
      skipped: 2,
      reasons: new Map([['needs root', 2]]),
      elapsedMs: new Map([['a', 3_000]]),
      failures: [{ name: 'two', text: '  1) it fails' }],
      repeated: [],
    });
  });

  it('are a failure when a lane ended before its tests', () => {
    const dead = { name: 'dead', result: undefined, trouble: 'was ended by SIGSEGV', elapsedMs: 1 };
    const { passed, failed, failures } = addUp([endOf('one'), dead], ALL);
    assert.deepEqual({ passed, failed }, { passed: 2, failed: 1 });
    assert.deepEqual(failures, [{ name: 'dead', text: '  the lane was ended by SIGSEGV\n' }]);
  });

  it('are a failure when the process of a lane failed after its tests', () => {
    assert.equal(addUp([endOf('one', 'ended with exit code 1')], ALL).failed, 1);
  });

  it('are a failure when a lane ran no test, unless tests are filtered', () => {
    const end = endOf('idle');
    const idle = { ...end, result: { ...end.result, passed: 0, skipped: 0 } };
    assert.deepEqual(addUp([idle], ALL).failures, [
      { name: 'idle', text: '  the lane has run no test\n' },
    ]);
    assert.equal(addUp([idle], { filtered: true }).failed, 0);
  });

  it('show failures of a first run before a repetition', () => {
    const end = endOf('one');
    const failuresBefore = '  1) it failed beside others';
    const ends = [{ ...end, result: { ...end.result, failuresBefore } }];
    const total = addUp(ends, ALL);
    assert.equal(total.failed, 0);
    assert.match(
      summaryOf(total, ends),
      /REPEATED alone, after these failures in lane one:\n {2}1\) it failed beside others\n/,
    );
  });

  it('are printed with skipped tests, times, failures, and counts last', () => {
    const ends = [endOf('one'), endOf('two', 'ended with exit code 7')];
    assert.deepEqual(summaryOf(addUp(ends, ALL), ends).split('\n'), [
      '',
      '  SKIPPED 2 × needs root',
      '  seconds by lane: one 2.0, two 2.0',
      '  seconds by folder: a 3.0',
      '',
      '  failures in lane two:',
      '  the lane ended with exit code 7',
      '',
      '',
      '  tests: 4 passed, 1 failed, 2 skipped',
      '',
    ]);
  });
});
