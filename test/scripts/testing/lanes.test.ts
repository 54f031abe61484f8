import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KERNEL_SOURCES } from '../../../lab/kernel/cache.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { isLong, listTestFiles } from '../../../scripts/testing/files.mjs';
import { FAST_STAGES, LONG_STAGES, NOT_FAST, STAGES } from '../../../scripts/testing/lanes.mjs';
import { planStages } from '../../../scripts/testing/plan.mjs';

describe('lanes', () => {
  it('of all tests run every file once, those of the kernel lab once on each of its kernels', async () => {
    const files = await listTestFiles(packageRoot());
    const planned = planStages(STAGES, files).flat();
    const here = planned.filter(({ kernel }) => kernel === undefined).flatMap((l) => l.files);
    const inLab = files.filter((file) => file.startsWith('test/kernel/'));
    const onNic = files.filter((file) => file.startsWith('test/lab/nic-module/guest/'));
    assert(here.length > 100 && inLab.length > 0 && onNic.length > 0);
    assert.deepEqual([...here, ...inLab, ...onNic].toSorted(), files);
    for (const source of KERNEL_SOURCES) {
      const lanes = planned.filter(({ kernel }) => kernel === source);
      assert.deepEqual(
        lanes.map((lane) => lane.files),
        // The NIC in software is built for one of the kernels.
        source === 'backports' ? [inLab, onNic] : [inLab],
      );
    }
  });

  it('have distinct names, and existing folders in one lane each, on each kernel', () => {
    for (const stages of [STAGES, FAST_STAGES, LONG_STAGES]) {
      const lanes = stages.flat();
      assert.equal(new Set(lanes.map(({ name }) => name)).size, lanes.length);
      for (const kernel of [undefined, ...KERNEL_SOURCES]) {
        const on = lanes.filter((lane) => lane.kernel === kernel);
        const folders = on.flatMap((lane) => lane.folders);
        assert.equal(new Set(folders).size, folders.length);
        for (const path of folders) assert(existsSync(join(packageRoot(), 'test', path)), path);
      }
    }
  });

  it('wait for a lane before them in their stage alone', () => {
    for (const lanes of [...STAGES, ...FAST_STAGES, ...LONG_STAGES]) {
      for (const [i, { after }] of lanes.entries()) {
        const before = lanes.slice(0, i).map(({ name }) => name);
        assert(after === undefined || before.includes(after), after);
      }
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
