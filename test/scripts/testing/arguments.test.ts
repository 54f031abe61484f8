import assert from 'node:assert/strict';
import { splitArguments } from '../../../scripts/testing/arguments.mjs';

describe('arguments of a test run', () => {
  it('are the tests to run and options for mocha', () => {
    assert.deepEqual(splitArguments(['test/policy', '--bail', './test/text']), {
      paths: ['test/policy', './test/text'],
      options: ['--bail'],
      filtered: false,
    });
  });

  it('keep the value of an option with the option', () => {
    const args = ['-g', 'test/policy', '--timeout', '5000', 'test/text', '--retries=2'];
    assert.deepEqual(splitArguments(args), {
      paths: ['test/text'],
      options: ['-g', 'test/policy', '--timeout', '5000', '--retries=2'],
      filtered: true,
    });
  });

  it('show whether tests are filtered by name', () => {
    for (const filter of ['-f', '-g', '--fgrep', '--grep']) {
      assert.equal(splitArguments([filter, 'x']).filtered, true);
    }
    assert.equal(splitArguments(['--grep=x']).filtered, true);
    assert.equal(splitArguments(['--timeout', '1']).filtered, false);
  });
});
