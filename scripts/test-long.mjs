#!/usr/bin/env node
// npm run test:long: sets the machine up, then runs the tests that take minutes: files that end in
// .long.test.ts, which all other runs omit. Arguments as for npm test.
import { setUpMachine } from './setup/machine.mjs';
import { root } from './setup/root.mjs';
import { runScript, say } from './setup/step.mjs';
import { chooseTests } from './testing/choose-tests.mjs';
import { isLong, listTestFiles } from './testing/files.mjs';
import { LONG_STAGES } from './testing/lanes.mjs';
import { runLanes } from './testing/run-lanes.mjs';

await runScript(async () => {
  if (!(await listTestFiles(root)).some(isLong)) {
    say('there are no long tests yet: no file under test/ ends in .long.test.ts');
    return;
  }
  const chosen = await chooseTests(LONG_STAGES, async (file) => isLong(file));
  await setUpMachine();
  process.exitCode = await runLanes(chosen);
});
