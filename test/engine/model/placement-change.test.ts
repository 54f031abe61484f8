import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHANGE_CAUSES } from '../../../engine/model/placement-change.ts';
import { packageRoot } from '../../../platform/package-root.ts';

describe('causes of changes', () => {
  const read = (page: string): string => readFileSync(join(packageRoot(), 'docs', page), 'utf8');

  it('are listed in order in the API document', () => {
    const [, table = ''] = read('api.md').split('| cause | meaning |\n|---|---|\n');
    const rows = table.split('\n\n', 1)[0].split('\n');
    assert.deepEqual(
      rows.map((row) => /^\| `([a-z-]+)` \| .+ \|$/.exec(row)?.[1]),
      CHANGE_CAUSES,
    );
  });

  for (const page of ['metrics.md', 'influxdb.md', 'glossary.md']) {
    it(`are all listed in one place of ${page}`, () => {
      const paragraphs = read(page).split(page === 'glossary.md' ? '\n\n' : '\n');
      const about = paragraphs.filter((p) => CHANGE_CAUSES.every((cause) => p.includes(cause)));
      assert.equal(about.length, 1);
    });
  }
});
