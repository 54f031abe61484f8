#!/usr/bin/env node
// npm run bench -- NAME: sets up the needs of a benchmark and its peer, and runs it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBpf, mountBpffs } from './setup/bpf.mjs';
import { build } from './setup/build.mjs';
import { installPackages, PACKAGES } from './setup/debian.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

await runScript(async () => {
  await installDependencies();
  await build();
  try {
    await installPackages([...PACKAGES.peers, ...PACKAGES.vswitch, ...PACKAGES.xdp]);
    await mountBpffs();
    await buildBpf();
  } catch (error) {
    // Many benchmarks do not need all of it; a benchmark reports what it lacks.
    if (!(error instanceof SetupFailed)) throw error;
    say(`the set-up is incomplete: ${error.message}`);
  }
  const bench = join(root, 'dist', 'bench', 'main.js');
  process.argv = [process.execPath, bench, ...process.argv.slice(2)];
  await import(pathToFileURL(bench).href);
});
