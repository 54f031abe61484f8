import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { coverageOf, hasCode, tableOf, THRESHOLDS } from '../../../scripts/testing/coverage.mjs';

/** A file of a hundred lines and ten branches. */
function fileOf(lines: number, branches: number) {
  return { lines: { total: 100, covered: lines }, branches: { total: 10, covered: branches } };
}

describe('coverage', () => {
  it('is checked by folder', () => {
    const full = Object.keys(THRESHOLDS).map((folder) => [`${folder}/a.ts`, fileOf(100, 10)]);
    const summary = { ...Object.fromEntries(full), 'policy/b.ts': fileOf(50, 10) };
    const below = coverageOf(summary).filter(({ isBelow }) => isBelow);
    assert.deepEqual(below, [{ folder: 'policy', lines: 75, branches: 100, isBelow: true }]);
  });

  it('is too low if branches are, whatever the lines', () => {
    const engine = coverageOf({ 'engine/a.ts': fileOf(100, 1) })[0];
    assert.deepEqual([engine.folder, engine.branches, engine.isBelow], ['engine', 10, true]);
  });

  it('is too low for a missing folder', () => {
    assert(coverageOf({ 'engineer/a.ts': fileOf(100, 10) }).every(({ isBelow }) => isBelow));
  });

  it('has thresholds for folders that exist', () => {
    for (const folder of Object.keys(THRESHOLDS)) assert(existsSync(join(packageRoot(), folder)));
  });

  it('omits files that compile to nothing', () => {
    assert.equal(hasCode('export {};\n//# sourceMappingURL=a.js.map\n'), false);
    assert.equal(hasCode('export const A = 1;\n'), true);
  });

  it('is printed in a row for each folder', () => {
    const rows = tableOf(coverageOf({ 'engine/a.ts': fileOf(100, 5) })).split('\n');
    assert.equal(rows.length, 1 + Object.keys(THRESHOLDS).length);
    assert.match(rows[1], /engine +lines 100\.0 % .*branches 50\.0 % .*too low/);
  });
});
