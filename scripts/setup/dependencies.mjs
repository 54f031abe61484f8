import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

const INSTALL_MS = 10 * 60_000;

/**
 * Installs the dependencies if node_modules is missing or differs from package-lock.json.
 *
 * @returns {Promise<string>} result, for the report
 */
export async function installDependencies() {
  if (await isInstalled()) return 'already installed';
  // Build and tests need the development dependencies, whatever NODE_ENV is.
  const args = ['ci', '--include=dev'];
  await step('npm ci (dependencies)', 'npm', args, { timeoutMs: INSTALL_MS });
  return 'installed from package-lock.json';
}

async function isInstalled() {
  const locked = await packagesOf(join(root, 'package-lock.json'));
  // npm records the installed packages here.
  const installed = await packagesOf(join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(locked).every(
    ([path, { optional, version }]) =>
      path === '' || optional === true || installed[path]?.version === version,
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
