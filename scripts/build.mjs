#!/usr/bin/env node
// npm run build: compiles to dist/.
import { build } from './setup/build.mjs';
import { runScript } from './setup/step.mjs';

await runScript(build);
