#!/usr/bin/env node
// npm test: sets the machine up, then runs all tests except the long ones. Arguments: files or
// folders under test/ to run only those, and options of mocha. Tests whose needs are missing are
// skipped with the reason and counted.
import { setUpMachine } from './setup/machine.mjs';
import { runScript } from './setup/step.mjs';
import { chooseTests } from './testing/choose-tests.mjs';
import { isLong } from './testing/files.mjs';
import { STAGES } from './testing/lanes.mjs';
import { runLanes } from './testing/run-lanes.mjs';

await runScript(async () => {
  const chosen = await chooseTests(STAGES, async (file) => !isLong(file));
  await setUpMachine();
  process.exitCode = await runLanes(chosen);
});
