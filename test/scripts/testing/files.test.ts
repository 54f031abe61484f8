import assert from 'node:assert/strict';
import { packageRoot } from '../../../platform/package-root.ts';
import {
  compiledFile,
  listTestFiles,
  needsMachine,
  selectFiles,
} from '../../../scripts/testing/files.mjs';
import { SetupFailed } from '../../../scripts/setup/step.mjs';

const FILES = ['test/a/one.test.ts', 'test/a/two.test.ts', 'test/ab/three.test.ts'];

describe('test files', () => {
  it('are found in all folders under test/', async () => {
    const files = await listTestFiles(packageRoot());
    assert(files.includes('test/scripts/testing/files.test.ts'));
    assert(files.every((file) => file.startsWith('test/') && file.endsWith('.test.ts')));
  });

  it('are all selected without paths', () => {
    assert.deepEqual(selectFiles(FILES, []), FILES);
  });

  it('are selected by folders and files, without duplicates and in order', () => {
    assert.deepEqual(selectFiles(FILES, ['test/a']), FILES.slice(0, 2));
    assert.deepEqual(selectFiles(FILES, ['test/ab/', FILES[1], 'test/ab']), FILES.slice(1));
    assert.deepEqual(selectFiles(FILES, ['test']), FILES);
  });

  it('are required in each path', () => {
    for (const path of ['test/b', 'test/a/one', 'scripts', '']) {
      assert.throws(() => selectFiles(FILES, ['test/a', path]), SetupFailed);
    }
  });

  it('show by an import that they depend on the machine', async () => {
    assert.equal(await needsMachine(packageRoot(), 'test/lab/testbed.test.ts'), true);
    assert.equal(await needsMachine(packageRoot(), 'test/scripts/testing/files.test.ts'), false);
    // Through what it imports.
    const contract = 'test/adapters/openflow/backend-contract.test.ts';
    assert.equal(await needsMachine(packageRoot(), contract), true);
  });

  it('are run from dist/', () => {
    assert.equal(compiledFile('test/a/one.test.ts'), 'dist/test/a/one.test.js');
  });
});
