#!/usr/bin/env node
// npm run test:nodes -- [--smoke] [VERSION...]: runs the fast tests, or with --smoke a small part of
// them, on the given releases of Node, by default on each supported one.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { fetchNode, NODE_VERSIONS } from './setup/nodes.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

/** Maximum time of the fast tests on one release, ms. */
const RUN_MS = 15 * 60_000;

/** Hot paths and arithmetic, where releases differ first; a few seconds. */
const SMOKE = ['test/engine', 'test/policy/operators'];

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { smoke: { type: 'boolean', default: false } },
  });
  await installDependencies();
  await build();
  const failed = [];
  for (const version of positionals.length === 0 ? NODE_VERSIONS : positionals) {
    const node = await fetchNode(version);
    say(`tests on Node ${version}`);
    const code = await runTests(node, values.smoke ? SMOKE : []);
    if (code !== 0) failed.push(version);
  }
  if (failed.length > 0) throw new SetupFailed(`tests failed on Node ${failed.join(', ')}`);
});

/**
 * @param {string} node path of the binary
 * @param {readonly string[]} paths of the fast tests to run; empty: all
 * @returns {Promise<number>} exit code
 */
function runTests(node, paths) {
  const env = {
    ...process.env,
    // Programs that start with `#!/usr/bin/env node` use the same release.
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    // Does not overwrite the counts of an enclosing run.
    NORIKAE_TEST_COUNTS: '',
  };
  return new Promise((resolve, reject) => {
    const args = [join(root, 'scripts', 'test-fast.mjs'), ...paths];
    const child = spawn(node, args, { cwd: root, env, stdio: 'inherit', timeout: RUN_MS });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
