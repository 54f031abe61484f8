#!/usr/bin/env node
// npm run lab -- SCENARIO: sets the machine up (root) and runs a scenario on a real vSwitch.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBpf, mountBpffs } from './setup/bpf.mjs';
import { build } from './setup/build.mjs';
import { installPackages, PACKAGES } from './setup/debian.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { installKernelLab } from './setup/kernel-lab.mjs';
import { isRoot, root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

await runScript(async () => {
  if (!isRoot) {
    throw new SetupFailed(
      'the lab creates network namespaces and loads XDP programs; run it as root',
    );
  }
  await installDependencies();
  await build();
  await installPackages([...PACKAGES.vswitch, ...PACKAGES.xdp, ...PACKAGES.kernelLab]);
  if (process.argv[2] === 'ovn') await installPackages(PACKAGES.ovn);
  await mountBpffs();
  await buildBpf();
  if (process.argv[2] === 'kernel') say(`kernel lab: ${await installKernelLab()}`);
  const lab = join(root, 'dist', 'lab', 'main.js');
  process.argv = [process.execPath, lab, ...process.argv.slice(2)];
  await import(pathToFileURL(lab).href);
});
