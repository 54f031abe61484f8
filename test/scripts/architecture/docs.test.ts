import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { layersTable } from '../../../scripts/architecture/table.ts';

const PAGE = join(packageRoot(), 'docs/architecture.md');
const TABLE = /(<!-- layers: .*-->\n)([^]*?)(\n<!-- \/layers -->)/;

describe('docs/architecture.md', () => {
  it('shows the table of layers that the check enforces', () => {
    const page = readFileSync(PAGE, 'utf8');
    const shown = TABLE.exec(page);
    assert(shown !== null, 'the page has no place for the table');
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(
        PAGE,
        page.replace(
          TABLE,
          (_, before: string, __, after: string) => `${before}${layersTable()}${after}`,
        ),
      );
      return;
    }
    assert.equal(
      shown[2],
      layersTable(),
      'run: UPDATE_DOCS=1 npm test -- test/scripts/architecture/docs.test.ts',
    );
  });
});
