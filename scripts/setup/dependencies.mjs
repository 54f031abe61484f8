import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

const NPM_CI_MS = 10 * 60_000;

/** Runs `npm ci` when node_modules is missing or differs from package-lock.json. */
export async function installDependencies() {
  if (await isInstalled()) return;
  // Build and test need the development dependencies whatever NODE_ENV says.
  await step('npm ci (dependencies)', 'npm', ['ci', '--include=dev'], { timeoutMs: NPM_CI_MS });
}

async function isInstalled() {
  const wanted = await packagesOf(join(root, 'package-lock.json'));
  // npm writes down there what it has really installed.
  const present = await packagesOf(join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(
    ([path, wish]) =>
      path === '' || wish.optional === true || present[path]?.version === wish.version,
  );
}

/**
 * @param {string} file
 * @returns {Promise<Record<string, { version?: string, optional?: boolean }>>}
 */
async function packagesOf(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}
