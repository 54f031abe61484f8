#!/usr/bin/env node
// npm run setup: sets up what tests, benchmarks and the lab need on this machine: npm packages, the
// build, and, as root on Debian, Debian packages, the BPF file system and the BPF programs.
import { setUpMachine } from './setup/machine.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

await runScript(async () => {
  if (!(await setUpMachine())) throw new SetupFailed('not everything is set up; see above');
  say('all is set up: npm test runs everything');
});
