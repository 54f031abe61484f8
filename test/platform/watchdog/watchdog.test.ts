import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BLOCKED_EXIT_CODE } from '../../../platform/watchdog/blocked-exit-code.ts';
import { ownProgram } from '../../support/own-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MAIN = ownProgram('test/platform/watchdog/support/blocked-main');
const LIMIT_MS = 600;

type Child = ChildProcessByStdio<null, Readable, null>;

describe('watchdog', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let child: Child;
  let output: string;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(() => {
    child.kill('SIGKILL');
    folder.remove();
  });

  /** Starts a process that blocks its event loop, and waits until it is about to. */
  async function start(how: string): Promise<void> {
    const args = [...MAIN, how, String(LIMIT_MS), folder.path];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => (output += chunk));
    await once(child.stdout, 'data');
  }

  async function exitCode(): Promise<number | null> {
    if (child.exitCode === null) await once(child, 'close');
    return child.exitCode;
  }

  /** The line that the watchdog has logged. */
  function logged(): Record<string, unknown> {
    const line = output.split('\n').find((text) => text.startsWith('{'));
    assert.ok(line !== undefined, output);
    return JSON.parse(line);
  }

  it('ends a process whose event loop spins, and logs phase and stack', async () => {
    await start('loop');
    const sinceMs = performance.now();
    assert.equal(await exitCode(), BLOCKED_EXIT_CODE);
    const tookMs = performance.now() - sinceMs;
    assert.ok(tookMs > LIMIT_MS * 0.8 && tookMs < LIMIT_MS + 3_000, `it took ${tookMs} ms`);
    const { level, phase, stack, msg } = logged();
    assert.deepEqual([level, phase], ['fatal', 'planning']);
    assert.match(String(msg), /^the event loop is blocked/);
    assert.match(String(stack), /^spinForEver \(file:.*blocked-main\.[jt]s:\d+:\d+\)/);
  });

  it('finds a regular expression that backtracks', async () => {
    await start('regexp');
    assert.equal(await exitCode(), BLOCKED_EXIT_CODE);
    assert.match(String(logged()['stack']), /^backtrack \(/);
  });

  it('ends a process that waits in a system call, and names the place in the kernel', async () => {
    await start('fifo');
    assert.equal(await exitCode(), BLOCKED_EXIT_CODE);
    const { stack, kernelFunction } = logged();
    assert.equal(stack, undefined);
    assert.equal(typeof kernelFunction, 'string');
  });

  it('logs for people if the log does', async () => {
    await start('pretty');
    assert.equal(await exitCode(), BLOCKED_EXIT_CODE);
    assert.match(output, /fatal the event loop is blocked.* phase=planning/);
  });

  it('ignores blocks that are shorter than the limit', async () => {
    await start('often');
    assert.equal(await exitCode(), 0, output);
  });

  it('does not mistake a stopped process for a blocked one', async () => {
    await start('idle');
    child.kill('SIGSTOP');
    await sleep(2 * LIMIT_MS);
    child.kill('SIGCONT');
    await sleep(2 * LIMIT_MS);
    assert.equal(child.exitCode, null, output);
  });
});
