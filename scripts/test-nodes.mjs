#!/usr/bin/env node
// npm run test:nodes -- [--smoke] [VERSION...]: runs the fast tests, or with --smoke a small part of
// them, on each release of Node that is supported, or on those that are named.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { fetchNode, NODE_VERSIONS } from './setup/nodes.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

const RUN_MS = 15 * 60_000;

/** Tests that need neither a process nor a socket of their own. */
const FAST = [
  'dist/test/{api,async,engine,policy,policy-tools,protocols,replay}/**/*.test.js',
  'dist/test/{simulation,telemetry,text,views}/**/*.test.js',
];
const SMOKE = ['dist/test/engine/**/*.test.js', 'dist/test/policy/operators/**/*.test.js'];

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { smoke: { type: 'boolean', default: false } },
  });
  await installDependencies();
  await build();
  const failed = [];
  for (const version of positionals.length === 0 ? NODE_VERSIONS : positionals) {
    say(`Node ${version}`);
    const code = await mocha(await fetchNode(version), values.smoke ? SMOKE : FAST);
    if (code !== 0) failed.push(version);
  }
  if (failed.length > 0) throw new SetupFailed(`tests failed on Node ${failed.join(', ')}`);
});

/**
 * @param {string} node path of the binary
 * @param {readonly string[]} files
 * @returns {Promise<number>} mocha's exit code
 */
function mocha(node, files) {
  const args = [join(root, 'node_modules', 'mocha', 'bin', 'mocha.js'), '--reporter', 'dot'];
  // Programs that start with `#!/usr/bin/env node` get the same one.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    /** @type {import('node:child_process').SpawnOptions} */
    const options = { cwd: root, env, stdio: 'inherit', timeout: RUN_MS, killSignal: 'SIGKILL' };
    const child = spawn(node, [...args, ...files], options);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
