import assert from 'node:assert/strict';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { skipFor } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import { supportedVersions } from './support/node-versions.ts';
import { isOutOfReach } from './support/registry.ts';

const SCRIPT = join(packageRoot(), 'scripts/test-nodes.mjs');

describe('on other releases of Node', function () {
  this.timeout(360_000);

  for (const version of supportedVersions()) {
    if (major(version) === major(process.versions.node)) continue;
    it(`${version}: the engine and the operators pass their tests`, async function () {
      const args = [SCRIPT, '--smoke', version];
      const { code, output } = await runToEnd(process.execPath, args, { timeoutMs: 350_000 });
      const ran = / (passing|failing)/.test(output);
      if (!ran && isOutOfReach(output)) skipFor(this, ['the npm registry']);
      assert.equal(code, 0, output);
      assert.match(output, /\d{2,} passing/);
    });
  }
});

function major(version: string): string {
  return version.split('.')[0];
}
