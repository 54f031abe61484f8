import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

const DOWNLOAD_MS = 15 * 60_000;

/**
 * Brings QEMU and Debian's kernels into the cache of the kernel lab, if they are missing; nothing is
 * installed on the machine. Requires the build.
 *
 * @returns {Promise<string>} result, for the report
 * @throws {import('./step.mjs').SetupFailed} when the machine is no Debian on amd64, for instance
 */
export async function installKernelLab() {
  const program = join(root, 'dist', 'lab', 'kernel', 'set-up.js');
  const what = 'kernel lab (Debian kernels and QEMU)';
  return (await step(what, process.execPath, [program], { timeoutMs: DOWNLOAD_MS })).trim();
}
