import { chmod, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

/** Projects for tsc: everything that runs in Node, and the live page, which runs in a browser. */
const PROJECTS = ['.', 'page'];

/**
 * Compiles to dist/, incrementally.
 *
 * @returns {Promise<string>} result, for the report
 */
export async function build() {
  await removeOrphans();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const project of PROJECTS) {
    const what = `tsc -p ${project} (build)`;
    await step(what, process.execPath, [tsc, '-p', project], { timeoutMs: 120_000 });
  }
  // tsc does not preserve file modes, and /usr/bin links to this command.
  await chmod(join(root, 'dist', 'cli', 'main.js'), 0o755);
  return 'compiled to dist/';
}

/** Removes compiled files whose sources no longer exist: such tests would still run. */
async function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const path of await readdir(dist, { recursive: true })) {
    const source = path.replace(/\.js(\.map)?$/, '.ts');
    if (source !== path && !existsSync(join(root, source))) await rm(join(dist, path));
  }
}
