import assert from 'node:assert/strict';
import { SuiteBuffer } from '../../../scripts/testing/suite-buffer.mjs';
import { SUITE_END } from '../../../scripts/testing/suite-end.mjs';

describe('output of a lane', () => {
  function bufferOf({ live }: { live: boolean }) {
    const printed: string[] = [];
    return { printed, buffer: new SuiteBuffer((text) => printed.push(text), live) };
  }

  it('is printed in whole suites', () => {
    const { printed, buffer } = bufferOf({ live: false });
    buffer.write('a');
    buffer.write(`b${SUITE_END}c${SUITE_END}d`);
    assert.deepEqual(printed, ['abc']);
    buffer.write(SUITE_END);
    assert.deepEqual(printed, ['abc', 'd']);
  });

  it('is printed completely when the lane has ended', () => {
    const { printed, buffer } = bufferOf({ live: false });
    buffer.write('half a suite');
    buffer.flush();
    buffer.flush();
    assert.deepEqual(printed, ['half a suite']);
  });

  it('is printed at once when no other lane runs', () => {
    const { printed, buffer } = bufferOf({ live: true });
    buffer.write('a');
    buffer.write(`b${SUITE_END}`);
    assert.deepEqual(printed, ['a', 'b']);
  });

  it('is buffered up to a limit', () => {
    const { printed, buffer } = bufferOf({ live: false });
    for (let i = 0; i < 5; i++) buffer.write('x'.repeat(1_000_000));
    assert.equal(printed.join('').length, 5_000_000);
  });
});
