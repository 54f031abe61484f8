import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../platform/package-root.ts';
import { runToEnd } from '../../support/programs.ts';

const STEP = pathToFileURL(join(packageRoot(), 'scripts/setup/step.mjs')).href;

/** Runs one step in a child process with a time limit of 8 s. */
function runStep(file: string, args: readonly string[], timeoutMs: number) {
  const call = `step('a step', ${JSON.stringify(file)}, ${JSON.stringify(args)}, { timeoutMs: ${timeoutMs} })`;
  const program = `
    import { runScript, step } from ${JSON.stringify(STEP)};
    await runScript(async () => console.log(await ${call}));
  `;
  const node = ['--input-type=module', '--eval', program];
  return runToEnd(process.execPath, node, { timeoutMs: 8_000 });
}

describe('a step of the set-up', () => {
  it('returns the output of the program', async () => {
    const { code, output } = await runStep(process.execPath, ['--version'], 60_000);
    assert.equal(code, 0, output);
    assert.match(output, /^v\d+\./);
  });

  it('fails at once when the program is missing', async () => {
    const { code, output } = await runStep('/nowhere/program', [], 60_000);
    assert.equal(code, 1, output);
    assert.match(output, /a step: cannot run \/nowhere\/program: /);
  });

  it('kills a program that takes too long', async () => {
    const endless = ['--eval', 'setInterval(() => undefined, 1000)'];
    const { code, output } = await runStep(process.execPath, endless, 500);
    assert.equal(code, 1, output);
    assert.match(output, /ended with SIGKILL after 0\.\d s/);
  });

  it('shows the output of a failed program', async () => {
    const failing = ['--eval', 'console.log("one"); console.error("two"); process.exit(7)'];
    const { code, output } = await runStep(process.execPath, failing, 60_000);
    assert.equal(code, 1, output);
    assert.match(output, /ended with exit code 7\n(one\ntwo|two\none)/);
  });
});
