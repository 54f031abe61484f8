import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { Exposition } from '../../telemetry/prometheus/exposition.ts';
import { loadConfig } from '../../config/load-config.ts';
import { runLifecycle, StopTimeout } from '../../daemon/lifecycle.ts';
import { openNotifier } from '../../platform/systemd/notify.ts';
import { FakeView } from '../support/fake-view.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { ownProgram } from '../support/own-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DAEMON = ownProgram('test/daemon/support/fake-daemon-main');

type Child = ChildProcessByStdio<null, Readable, Readable>;

describe('life of the daemon', function () {
  this.timeout(30_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let children: Child[];

  beforeEach(() => {
    folder = temporaryFolder();
    children = [];
    writeFileSync(
      join(folder.path, 'norikae.json'),
      JSON.stringify({
        node: { adapter: 'emulator' },
        policies: ['p.json'],
        http: { port: 0 },
        control: { path: join(folder.path, 'control.sock') },
      }),
    );
  });

  afterEach(() => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    folder.remove();
  });

  /** A daemon and what it has written; `said` resolves when a line of that text came. */
  function start(
    env: NodeJS.ProcessEnv = {},
    args = ['run', '--config', join(folder.path, 'norikae.json')],
  ): { child: Child; said: (text: string) => Promise<void>; all: () => string } {
    const child = spawn(process.execPath, [...DAEMON, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NOTIFY_SOCKET: '', ...env },
    });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => (text += chunk));
    }
    const said = async (words: string): Promise<void> => {
      while (!text.includes(words)) {
        await Promise.race([
          once(child.stdout, 'data'),
          once(child, 'exit').then(() => {
            if (text.includes(words)) return;
            throw new Error(`it ended without saying "${words}":\n${text}`);
          }),
        ]);
      }
    };
    return { child, said, all: () => text };
  }

  async function exitCode(child: Child): Promise<number | null> {
    if (child.exitCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} stops the loop, closes the doors and exits 0`, async () => {
      const { child, said, all } = start();
      await said('loop started');
      assert.ok(existsSync(join(folder.path, 'control.sock')));
      child.kill(signal);
      assert.equal(await exitCode(child), 0);
      assert.match(all(), /"msg":"loop stopped"/);
      assert.match(all(), /"onExit":"withdraw","msg":"ended"/);
      assert.ok(!existsSync(join(folder.path, 'control.sock')));
    });
  }

  it('logs JSON with the address of its HTTP server', async () => {
    const { child, said, all } = start();
    await said('loop started');
    const lines = all().trim().split('\n');
    const records: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
    const url = records.map((record) => record.http).find((http) => typeof http === 'string');
    assert.ok(typeof url === 'string');
    assert.equal((await fetch(`${url}healthz`)).status, 200);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('a second signal ends a daemon that does not stop', async () => {
    const { child, said } = start({ FAKE_DAEMON: 'no-stop' });
    await said('loop started');
    child.kill('SIGTERM');
    await said('"msg":"ending"');
    await sleep(400);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 128 + 15);
  });

  it('a signal that comes twice, as from npm and from its terminal, is one', async () => {
    const { child, said } = start({});
    await said('loop started');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('gives up on a daemon that does not stop in time, and closes the doors', async () => {
    const stop = new AbortController();
    const config = loadConfig(join(folder.path, 'norikae.json'));
    const { log } = recordingLog();
    const life = runLifecycle({
      daemon: {
        view: new FakeView(),
        metrics: new Exposition(new Registry()),
        start: () => Promise.resolve(),
        stop: () => new Promise(() => {}),
      },
      config,
      log,
      notifier: await openNotifier({}, log),
      events: { stop: stop.signal, onReload: () => () => {} },
      stopTimeoutMs: 50,
    });
    stop.abort('enough');
    await assert.rejects(life, (error) => {
      assert.ok(error instanceof StopTimeout);
      assert.match(error.message, /did not exit within 50 ms; entries expire with their lease/);
      return true;
    });
    assert.ok(!existsSync(config.control.path));
  });

  it('SIGTERM ends a daemon that is still starting', async () => {
    const { child, said } = start({ FAKE_DAEMON: 'slow-start' });
    await said('HTTP server is at');
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('a start that fails exits 1 with the cause', async () => {
    const { child, all } = start({ FAKE_DAEMON: 'no-start' });
    assert.equal(await exitCode(child), 1);
    assert.match(all(), /norikae: no vSwitch here/);
    assert.match(all(), /"msg":"loop stopped"/);
    assert.ok(!existsSync(join(folder.path, 'control.sock')));
  });

  it('an error nobody caught ends it in order, with 1', async () => {
    const { child, all } = start({ FAKE_DAEMON: 'reject' });
    assert.equal(await exitCode(child), 1);
    assert.match(all(), /an error that nobody caught/);
    assert.match(all(), /"msg":"loop stopped"/);
  });

  it('SIGHUP reloads, again and again, and a failed one does no harm', async () => {
    const { child, said, all } = start({ FAKE_RELOAD: 'bad' });
    await said('loop started');
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
    assert.match(all(), /"asked":\["reload","reload"\]/);
  });

  it('a second daemon on the same socket is turned away, and the first lives on', async () => {
    const first = start();
    await first.said('loop started');
    const second = start();
    assert.equal(await exitCode(second.child), 1);
    assert.match(second.all(), /a daemon already answers on/);
    assert.doesNotMatch(second.all(), /loop started/);
    first.child.kill('SIGTERM');
    assert.equal(await exitCode(first.child), 0);
  });

  it('mistakes in the configuration exit 2 with their places', async () => {
    writeFileSync(join(folder.path, 'norikae.json'), '{\n"nod": {}}');
    const { child, all } = start();
    assert.equal(await exitCode(child), 2);
    assert.match(all(), /norikae\.json:2:1: unknown key "nod"; did you mean "node"\?/);
  });

  it('lives on when whoever reads its log goes away', async () => {
    const { child, said } = start();
    await said('loop started');
    child.stdout.destroy();
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(child.exitCode, null);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('tells the service manager of start, reload, watchdog and end, in this order', async () => {
    const view = new FakeView();
    const told: string[] = [];
    const stop = new AbortController();
    let reload = (): void => {};
    let stopped = (): void => {};
    const { log } = recordingLog();
    const life = runLifecycle({
      daemon: {
        view,
        metrics: new Exposition(new Registry()),
        start: () => {
          told.push('started');
          return Promise.resolve();
        },
        stop: () => new Promise((resolve) => (stopped = resolve)),
      },
      config: loadConfig(join(folder.path, 'norikae.json')),
      log,
      notifier: {
        listens: true,
        watchdogMs: 40,
        ready: (status) => told.push(`ready: ${status}`),
        reloading: () => told.push('reloading'),
        stopping: () => told.push('stopping'),
        watchdog: () => told.push('watchdog'),
        status: (text) => assert.match(text, /^placing flows: 512 offloaded, 3000 on the vSwitch$/),
        close: () => told.push('closed'),
      },
      events: {
        stop: stop.signal,
        onReload: (listener) => {
          reload = listener;
          return () => {};
        },
      },
      stopTimeoutMs: 1_000,
    });
    const until = async (said: string): Promise<void> => {
      while (!told.includes(said)) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await until('watchdog');
    view.state = { ...view.state, tick: { ...view.state.tick, ageMs: 60_000 } };
    told.length = 2;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(told, ['started', 'ready: placing flows'], 'a hung loop keeps no watchdog');
    view.reloaded = { ok: false, problems: ['bad'] };
    reload();
    await until('ready: reload failed; the last valid policies stay in force');
    stop.abort('enough');
    await until('stopping');
    stopped();
    await life;
    assert.deepEqual(told.slice(2), [
      'reloading',
      'ready: reload failed; the last valid policies stay in force',
      'stopping',
      'closed',
    ]);
  });
});
