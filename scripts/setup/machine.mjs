import { buildBpf, mountBpffs } from './bpf.mjs';
import { build } from './build.mjs';
import { installPackages, PACKAGES } from './debian.mjs';
import { installDependencies } from './dependencies.mjs';
import { installKernelLab } from './kernel-lab.mjs';
import { installNicModule } from './nic-module.mjs';
import { isRoot } from './root.mjs';
import { say, SetupFailed } from './step.mjs';

/**
 * Sets up the needs of tests, benchmarks and the lab, and reports each step. Dependencies and build
 * must succeed; the other steps may fail for lack of permissions or packages.
 *
 * @returns {Promise<boolean>} whether the set-up is complete
 * @throws {SetupFailed} when dependencies cannot be installed or the build fails
 */
export async function setUpMachine() {
  say(`npm packages: ${await installDependencies()}`);
  say(`TypeScript: ${await build()}`);
  if (!isRoot) say('not root: tests on a real vSwitch and a real NIC filter will be skipped');
  let complete = isRoot;
  /** @type {readonly (readonly [string, () => Promise<string>])[]} */
  const steps = [
    ['Debian packages', () => installPackages(Object.values(PACKAGES).flat())],
    ['BPF file system', mountBpffs],
    ['BPF programs', buildBpf],
    ['kernel lab', installKernelLab],
    ['NIC module', installNicModule],
  ];
  for (const [what, attempt] of steps) {
    try {
      say(`${what}: ${await attempt()}`);
    } catch (error) {
      if (!(error instanceof SetupFailed)) throw error;
      complete = false;
      say(`${what}: ${error.message}\n  (tests that need it will be skipped)`);
    }
  }
  return complete;
}
