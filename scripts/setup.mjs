#!/usr/bin/env node
// npm run setup: sets up this machine for tests, benchmarks and the lab: npm packages, the build,
// and, as root on Debian, Debian packages, the BPF file system and the BPF programs.
import { setUpMachine } from './setup/machine.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

await runScript(async () => {
  if (!(await setUpMachine())) throw new SetupFailed('the set-up is incomplete; see above');
  say('the set-up is complete; npm test runs all tests');
});
