import assert from 'node:assert/strict';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { skipFor } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import { supportedVersions } from './support/node-versions.ts';
import { isOutOfReach } from './support/registry.ts';

const SCRIPT = join(packageRoot(), 'scripts/test-nodes.mjs');

/** The supported releases of other lines than the current Node. */
const OTHERS = supportedVersions().filter(
  (version) => major(version) !== major(process.versions.node),
);

describe('other releases of Node', function () {
  this.timeout(360_000);

  it(`${OTHERS.join(', ')}: the engine and the operators pass their tests`, async function () {
    const args = [SCRIPT, '--smoke', ...OTHERS];
    const { code, output } = await runToEnd(process.execPath, args, { timeoutMs: 350_000 });
    const results = [...output.matchAll(/tests: (\d+) passed, (\d+) failed/g)];
    if (results.length < OTHERS.length && isOutOfReach(output)) skipFor(this, ['the npm registry']);
    assert.equal(code, 0, output);
    assert.equal(results.length, OTHERS.length, output);
    for (const [, passed] of results) assert(Number(passed) > 100, output);
  });
});

function major(version: string): string {
  return version.split('.')[0];
}
