import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Cleanup, CleanupFailed } from '../../lab/testbed/cleanup.ts';
import { isOrphan, NameMaker } from '../../lab/testbed/names.ts';
import { run } from '../../lab/testbed/run.ts';
import { sweepLeftovers } from '../../lab/testbed/sweep.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';

function module(path: string): string {
  return new URL(`../../lab/testbed/${path}${import.meta.url.slice(-3)}`, import.meta.url).href;
}

/** A process that creates a namespace with another process in it, prints its name, and waits. */
async function otherRun(): Promise<{ child: ChildProcess; name: string }> {
  const code = `
    const { Cleanup } = await import(${JSON.stringify(module('cleanup'))});
    const { NameMaker } = await import(${JSON.stringify(module('names'))});
    const { Namespace } = await import(${JSON.stringify(module('namespace'))});
    const vm = await Namespace.create(new Cleanup(), new NameMaker());
    await vm.spawn('sleeper', 'sleep', ['300']);
    console.log(vm.name);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const name = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  return { child, name };
}

/** Also false for a zombie, which another process reaps. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', resolve);
  });
}

describe('cleaning up', () => {
  it('runs in reverse order, continues after a failure, and reports it', async () => {
    const cleanup = new Cleanup();
    const done: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      cleanup.add({
        name,
        undo: async () => {
          if (name === 'b') throw new Error('stuck');
          done.push(name);
        },
        undoNow: () => done.push(`${name} by force`),
      });
    }
    await assert.rejects(cleanup.run(), (error: unknown) => {
      assert.ok(error instanceof CleanupFailed);
      assert.match(error.message, /b: stuck/);
      return true;
    });
    assert.deepEqual(done, ['c', 'b by force', 'a']);
  });

  it('distinguishes names of dead processes from those of live ones', () => {
    assert.equal(isOrphan(new NameMaker().next('v')), false);
    assert.equal(isOrphan('nk4194305v0'), true);
    assert.equal(isOrphan('eth0'), false);
  });
});

describe('cleaning up after a run', function () {
  this.timeout(20_000);
  const namespaces = () => run('ip', ['netns', 'list']);

  before(function () {
    needs(this, 'root', 'netns');
  });

  it('that was interrupted: it does so itself', async () => {
    const { child, name } = await otherRun();
    const code = ended(child);
    child.kill('SIGINT');
    assert.equal(await code, 130);
    assert.ok(!(await namespaces()).includes(name));
  });

  it('that was killed: the next one does it, and ends what still runs', async () => {
    const { child, name } = await otherRun();
    const code = ended(child);
    child.kill('SIGKILL');
    await code;
    const [pid] = (await run('ip', ['netns', 'pids', name])).split('\n');
    assert.ok((await sweepLeftovers()).includes(name));
    assert.ok(!(await namespaces()).includes(name));
    const over = () => (isRunning(Number(pid)) ? undefined : true);
    await waitFor('the process is over', over, { timeoutMs: 3_000 });
  });
});
