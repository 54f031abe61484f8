import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { SetupFailed, step } from './step.mjs';

/** The releases of Node for tests, one per supported line. */
export const NODE_VERSIONS = ['20.20.2', '22.23.5', '24.22.3'];

const FETCH_MS = 5 * 60_000;

/**
 * The binary of a release of Node, fetched if it is missing. npm has a package for each platform.
 *
 * @param {string} version exact, for instance `22.23.5`
 * @returns {Promise<string>} path of `node`; its folder has no `npm`
 * @throws {SetupFailed} when it cannot be fetched
 */
export async function fetchNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  // Outside the dependency tree: `npm ci` must not see it, and a release must not contain it.
  const folder = join(root, 'node_modules', '.cache', `node-${version}`);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    const install = ['install', '--prefix', folder, '--no-save', '--ignore-scripts'];
    const options = ['--prefer-offline', '--fetch-retries=1', '--fetch-timeout=60000'];
    await step(
      `npm install (Node ${version})`,
      'npm',
      [...install, ...options, `${name}@${version}`],
      {
        timeoutMs: FETCH_MS,
      },
    );
  }
  const found = (
    await step(`Node ${version}`, binary, ['--version'], { timeoutMs: 10_000 })
  ).trim();
  if (found !== `v${version}`)
    throw new SetupFailed(`${binary} is Node ${found}: delete ${folder}`);
  return binary;
}
