import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

const INSTALL_MS = 10 * 60_000;

/**
 * Installs when node_modules is missing or differs from package-lock.json.
 *
 * @returns {Promise<string>} what was done
 */
export async function installDependencies() {
  if (await isInstalled()) return 'installed already';
  // Build and test need the development dependencies whatever NODE_ENV says.
  const args = ['ci', '--include=dev'];
  await step('npm ci (dependencies)', 'npm', args, { timeoutMs: INSTALL_MS });
  return 'installed what package-lock.json names';
}

async function isInstalled() {
  const wanted = await packagesOf(join(root, 'package-lock.json'));
  // npm writes down there what it has really installed.
  const present = await packagesOf(join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(
    ([path, requested]) =>
      path === '' || requested.optional === true || present[path]?.version === requested.version,
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
