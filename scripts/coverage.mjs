#!/usr/bin/env node
// npm run coverage: runs the fast tests and reports their coverage of the pure folders. Fails if a
// folder is below its threshold. The report by file is coverage/index.html.
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
  if (code !== 0) throw new SetupFailed('the fast tests failed, so there is no coverage report');
  await report();
  const summary = JSON.parse(await readFile(join(FOLDER, 'coverage-summary.json'), 'utf8'));
  const coverage = coverageOf(await withCode(summary));
  console.log(tableOf(coverage));
  const below = coverage.filter(({ isBelow }) => isBelow).map(({ folder }) => folder);
  if (below.length > 0) throw new SetupFailed(`the coverage is too low in ${below.join(', ')}`);
});

/**
 * With NODE_V8_COVERAGE each process, including the lanes of the tests, writes its coverage at exit.
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

/** Maps the coverage to the sources, for the folders with a threshold. */
async function report() {
  const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
  const includes = Object.keys(THRESHOLDS).flatMap((folder) => ['--include', `${folder}/**`]);
  const args = ['report', '--temp-directory', join(FOLDER, 'tmp'), '--reports-dir', FOLDER];
  const options = [
    '--all',
    '--src',
    root,
    '--exclude-after-remap',
    '-r',
    'json-summary',
    '-r',
    'html',
  ];
  await step('c8 (report)', process.execPath, [c8, ...args, ...options, ...includes], {
    timeoutMs: REPORT_MS,
  });
}

/**
 * The files with code, by their path in the package. A file that contains only types compiles to
 * nothing, and c8 counts all of its lines as uncovered.
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
