#!/usr/bin/env node
// Runs before `npm pack`: builds the generated files of the package.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBpf } from './setup/bpf.mjs';
import { build } from './setup/build.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

await runScript(async () => {
  await build();
  try {
    await buildBpf();
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error;
    say(`${error.message}\n  (the package contains the BPF program only as source)`);
  }
  // npm packs a lock only under this name; scripts/postpack.mjs removes it.
  await copyFile(join(root, 'package-lock.json'), join(root, 'npm-shrinkwrap.json'));
});
