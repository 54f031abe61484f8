#!/usr/bin/env node
// npm start: installs, builds, and runs the daemon on the emulated node in this process, so that
// signals and exit code are the daemon's. Arguments go to `norikae run`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript } from './setup/step.mjs';

await runScript(async () => {
  await installDependencies();
  await build();
  const daemon = join(root, 'dist', 'cli', 'main.js');
  const given = process.argv.slice(2);
  const config = given.includes('--config')
    ? []
    : ['--config', join(root, 'config', 'emulated.json')];
  process.argv = [process.execPath, daemon, 'run', ...config, ...given];
  await import(pathToFileURL(daemon).href);
});
