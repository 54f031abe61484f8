#!/usr/bin/env node
// npm run test:fast: builds, then runs the tests that need no root, no servers and no kernel
// features. Arguments as for npm test.
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript } from './setup/step.mjs';
import { chooseTests } from './testing/choose-tests.mjs';
import { isLong, needsMachine } from './testing/files.mjs';
import { FAST_STAGES, NOT_FAST } from './testing/lanes.mjs';
import { runLanes } from './testing/run-lanes.mjs';

await runScript(async () => {
  const chosen = await chooseTests(FAST_STAGES, async (file) => {
    return !isLong(file) && !NOT_FAST.includes(file) && !(await needsMachine(root, file));
  });
  await installDependencies();
  await build();
  process.exitCode = await runLanes(chosen);
});
