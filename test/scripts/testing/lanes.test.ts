import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { isLong, listTestFiles } from '../../../scripts/testing/files.mjs';
import { FAST_STAGES, LONG_STAGES, NOT_FAST, STAGES } from '../../../scripts/testing/lanes.mjs';
import { planStages } from '../../../scripts/testing/plan.mjs';

describe('lanes', () => {
  it('of all tests run every file once', async () => {
    const files = await listTestFiles(packageRoot());
    const planned = planStages(STAGES, files).flatMap((lanes) => lanes.flatMap((l) => l.files));
    assert(planned.length > 100);
    assert.deepEqual(planned.toSorted(), files);
  });

  it('have distinct names, and existing folders in one lane each', () => {
    for (const stages of [STAGES, FAST_STAGES, LONG_STAGES]) {
      const lanes = stages.flat();
      assert.equal(new Set(lanes.map(({ name }) => name)).size, lanes.length);
      const folders = lanes.flatMap((lane) => lane.folders);
      assert.equal(new Set(folders).size, folders.length);
      for (const path of folders) assert(existsSync(join(packageRoot(), 'test', path)), path);
    }
  });

  it('omit only existing files from the fast tests', async () => {
    const files = new Set(await listTestFiles(packageRoot()));
    assert.deepEqual(
      NOT_FAST.filter((file) => !files.has(file)),
      [],
    );
  });

  it('of long tests contain files by their suffix', () => {
    assert(isLong('test/node/a.long.test.ts'));
    assert(!isLong('test/node/long.test.ts'));
  });
});
