#!/usr/bin/env node
// npm run coverage: runs the fast tests, and says how much of the pure folders they cover. Fails
// when a folder is below its threshold. The report by file is coverage/index.html.
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { root } from './setup/root.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { runScript, SetupFailed, step } from './setup/step.mjs';
import { coverageOf, hasCode, tableOf, THRESHOLDS } from './testing/coverage.mjs';

const FOLDER = join(root, 'coverage');
const REPORT_MS = 5 * 60_000;

await runScript(async () => {
  await installDependencies();
  await rm(FOLDER, { recursive: true, force: true });
  const code = await runFastTests();
  if (code !== 0) throw new SetupFailed('the fast tests failed, so their coverage says nothing');
  await report();
  const summary = JSON.parse(await readFile(join(FOLDER, 'coverage-summary.json'), 'utf8'));
  const coverage = coverageOf(await withCode(summary));
  console.log(tableOf(coverage));
  const below = coverage.filter(({ isBelow }) => isBelow).map(({ folder }) => folder);
  if (below.length > 0) throw new SetupFailed(`too little is covered of ${below.join(', ')}`);
});

/**
 * Node writes what each process has covered when it ends, the lanes of the tests included.
 *
 * @returns {Promise<number>} exit code
 */
function runFastTests() {
  const env = { ...process.env, NODE_V8_COVERAGE: join(FOLDER, 'tmp') };
  const script = join(root, 'scripts', 'test-fast.mjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { cwd: root, env, stdio: 'inherit' });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
      process.on(signal, () => child.kill(signal));
    }
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Maps what was covered back to the sources, for the folders that have a threshold. */
async function report() {
  const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
  const includes = Object.keys(THRESHOLDS).flatMap((folder) => ['--include', `${folder}/**`]);
  const args = ['report', '--temp-directory', join(FOLDER, 'tmp'), '--reports-dir', FOLDER];
  const how = ['--all', '--src', root, '--exclude-after-remap', '-r', 'json-summary', '-r', 'html'];
  await step('c8 (report)', process.execPath, [c8, ...args, ...how, ...includes], {
    timeoutMs: REPORT_MS,
  });
}

/**
 * The files that have something to run, by their path in the package. A file of types alone is
 * compiled to nothing, and c8 takes all of its lines for uncovered.
 *
 * @param {import('./testing/coverage.mjs').Summary} summary by absolute path, with a `total`
 * @returns {Promise<import('./testing/coverage.mjs').Summary>}
 */
async function withCode(summary) {
  const files = Object.entries(summary).filter(([file]) => file !== 'total');
  const kept = await Promise.all(
    files.map(async ([file, counts]) => {
      const path = relative(root, file);
      const compiled = join(root, 'dist', path.replace(/\.ts$/, '.js'));
      return hasCode(await readFile(compiled, 'utf8')) ? [[path, counts]] : [];
    }),
  );
  return Object.fromEntries(kept.flat());
}
