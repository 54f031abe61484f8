import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

const BUILD_MS = 10 * 60_000;

/**
 * Builds the kernel lab's NIC in software for one of the lab's kernels, if the cache lacks it; nothing
 * is installed on the machine. Requires the build and the kernel lab.
 *
 * @returns {Promise<string>} result, for the report
 * @throws {import('./step.mjs').SetupFailed} without gcc and make, or without the kernel's headers
 */
export async function installNicModule() {
  const program = join(root, 'dist', 'lab', 'nic-module', 'set-up.js');
  const what = 'NIC module of the kernel lab';
  return (await step(what, process.execPath, [program], { timeoutMs: BUILD_MS })).trim();
}
