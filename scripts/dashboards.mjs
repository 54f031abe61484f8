#!/usr/bin/env node
// npm run dashboards: generates the Grafana dashboards and docs/metrics.md.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript } from './setup/step.mjs';

await runScript(async () => {
  await installDependencies();
  await build();
  await import(pathToFileURL(join(root, 'dist', 'dashboards', 'generate.js')).href);
});
