import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { readPolicies } from '../../../policy-tools/files/policy-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SHIPPED = join(packageRoot(), 'policies', 'default.json');

describe('policy files', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());

  it('reads the shipped policy', async () => {
    const reading = await readPolicies([SHIPPED]);
    assert.ok(reading.ok);
  });

  it('reports the file and position of a problem', async () => {
    const file = join(folder.path, 'typo.json');
    writeFileSync(file, readFileSync(SHIPPED, 'utf8').replace('"rules"', '"rulez"'));
    const reading = await readPolicies([file]);
    assert.ok(!reading.ok);
    assert.match(reading.problems[0], /typo\.json:\d+:\d+: /);
  });

  it('reports every file that cannot be read', async () => {
    const gone = join(folder.path, 'gone.json');
    const reading = await readPolicies([gone, SHIPPED, folder.path]);
    assert.ok(!reading.ok);
    assert.equal(reading.problems.length, 2);
    assert.match(reading.problems[0], /gone\.json:1:1: cannot be read: ENOENT/);
  });
});
