#!/usr/bin/env node
// npm run bench -- NAME: sets up what the benchmark and its peer need, and runs it.
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
    // A benchmark that needs none of it runs all the same; one that does says what it misses.
    if (!(error instanceof SetupFailed)) throw error;
    say(`not everything could be set up: ${error.message}`);
  }
  const bench = join(root, 'dist', 'bench', 'main.js');
  process.argv = [process.execPath, bench, ...process.argv.slice(2)];
  await import(pathToFileURL(bench).href);
});
