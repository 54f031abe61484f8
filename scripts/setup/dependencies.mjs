import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';
import { say, SetupFailed, step } from './step.mjs';

const INSTALL_MS = 10 * 60_000;

/** Installs when node_modules is missing or differs from package-lock.json. */
export async function installDependencies() {
  if (await isInstalled()) return;
  // Build and test need the development dependencies whatever NODE_ENV says.
  const install = (/** @type {string[]} */ ...args) =>
    step(`npm ${args[0]} (dependencies)`, 'npm', [...args, '--include=dev'], {
      timeoutMs: INSTALL_MS,
    });
  try {
    await install('ci');
  } catch (error) {
    // npm 11 refuses a lock file that lacks optional packages of other platforms.
    if (!(error instanceof SetupFailed) || !error.message.includes('EUSAGE')) throw error;
    say('npm ci does not like the lock file; installing what it names');
    await install('install', '--no-save');
  }
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
