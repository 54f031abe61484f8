import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ownProgram } from '../../support/own-program.ts';

const PROGRAM = ownProgram('test/policy/compiled/support/replace-evaluators');

describe('a replaced evaluator', () => {
  // In a process of its own: one with all other tests was seen never to run finalizers.
  it('leaves no side table at the flow table', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, PROGRAM, { timeout: 20_000 });
    const { ofOne, ofAll, collected, afterwards } = JSON.parse(stdout);
    assert.ok(ofOne >= 4, 'it has side tables');
    assert.equal(ofAll, 21 * ofOne);
    assert.deepEqual([collected, afterwards], [ofOne, ofOne]);
  });
});
