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

describe('daemon lifecycle', function () {
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

  /** A daemon and its output; `output` resolves when the output contains `text`. */
  function start(
    env: NodeJS.ProcessEnv = {},
    args = ['run', '--config', join(folder.path, 'norikae.json')],
  ): { child: Child; output: (text: string) => Promise<void>; all: () => string } {
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
    const output = async (words: string): Promise<void> => {
      while (!text.includes(words)) {
        await Promise.race([
          once(child.stdout, 'data'),
          once(child, 'exit').then(() => {
            if (text.includes(words)) return;
            throw new Error(`it exited without printing "${words}":\n${text}`);
          }),
        ]);
      }
    };
    return { child, output, all: () => text };
  }

  async function exitCode(child: Child): Promise<number | null> {
    if (child.exitCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} stops the loop, closes the servers and exits 0`, async () => {
      const { child, output, all } = start();
      await output('loop started');
      assert.ok(existsSync(join(folder.path, 'control.sock')));
      child.kill(signal);
      assert.equal(await exitCode(child), 0);
      assert.match(all(), /"msg":"loop stopped"/);
      assert.match(all(), /"onExit":"withdraw","msg":"stopped"/);
      assert.ok(!existsSync(join(folder.path, 'control.sock')));
    });
  }

  it('logs JSON with the URL of its HTTP server', async () => {
    const { child, output, all } = start();
    await output('loop started');
    const lines = all().trim().split('\n');
    const records: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
    const url = records.map((record) => record.http).find((http) => typeof http === 'string');
    assert.ok(typeof url === 'string');
    assert.equal((await fetch(`${url}healthz`)).status, 200);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('a second signal ends a daemon that does not stop', async () => {
    const { child, output } = start({ FAKE_DAEMON: 'no-stop' });
    await output('loop started');
    child.kill('SIGTERM');
    await output('"msg":"stopping"');
    await sleep(400);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 128 + 15);
  });

  it('two signals in quick succession, as from npm and its terminal, count as one', async () => {
    const { child, output } = start({});
    await output('loop started');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('closes the servers and rejects when the daemon does not stop in time', async () => {
    const stop = new AbortController();
    const config = await loadConfig(join(folder.path, 'norikae.json'));
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
    const { child, output } = start({ FAKE_DAEMON: 'slow-start' });
    await output('HTTP server is at');
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('a failed start exits 1 with the cause', async () => {
    const { child, all } = start({ FAKE_DAEMON: 'no-start' });
    assert.equal(await exitCode(child), 1);
    assert.match(all(), /norikae: no vSwitch here/);
    assert.match(all(), /"msg":"loop stopped"/);
    assert.ok(!existsSync(join(folder.path, 'control.sock')));
  });

  it('an uncaught error shuts it down in order, with exit code 1', async () => {
    const { child, all } = start({ FAKE_DAEMON: 'reject' });
    assert.equal(await exitCode(child), 1);
    assert.match(all(), /uncaught error/);
    assert.match(all(), /"msg":"loop stopped"/);
  });

  it('SIGHUP reloads each time, and a failed reload does not stop the daemon', async () => {
    const { child, output, all } = start({ FAKE_RELOAD: 'bad' });
    await output('loop started');
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
    assert.match(all(), /"asked":\["reload","reload"\]/);
  });

  it('a second daemon on the same socket fails, and the first keeps running', async () => {
    const first = start();
    await first.output('loop started');
    const second = start();
    assert.equal(await exitCode(second.child), 1);
    assert.match(second.all(), /a daemon already answers on/);
    assert.doesNotMatch(second.all(), /loop started/);
    first.child.kill('SIGTERM');
    assert.equal(await exitCode(first.child), 0);
  });

  it('errors in the configuration exit 2 with their positions', async () => {
    writeFileSync(join(folder.path, 'norikae.json'), '{\n"nod": {}}');
    const { child, all } = start();
    assert.equal(await exitCode(child), 2);
    assert.match(all(), /norikae\.json:2:1: unknown key "nod"; did you mean "node"\?/);
  });

  it('keeps running when the reader of its log exits', async () => {
    const { child, output } = start();
    await output('loop started');
    child.stdout.destroy();
    child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(child.exitCode, null);
    child.kill('SIGTERM');
    assert.equal(await exitCode(child), 0);
  });

  it('notifies the service manager of start, watchdog, reload and stop, in order', async () => {
    const view = new FakeView();
    const events: string[] = [];
    const stop = new AbortController();
    let reload = (): void => {};
    let stopped = (): void => {};
    const { log } = recordingLog();
    const life = runLifecycle({
      daemon: {
        view,
        metrics: new Exposition(new Registry()),
        start: () => {
          events.push('started');
          return Promise.resolve();
        },
        stop: () => new Promise((resolve) => (stopped = resolve)),
      },
      config: await loadConfig(join(folder.path, 'norikae.json')),
      log,
      notifier: {
        listens: true,
        watchdogMs: 40,
        ready: (status) => events.push(`ready: ${status}`),
        reloading: () => events.push('reloading'),
        stopping: () => events.push('stopping'),
        watchdog: () => events.push('watchdog'),
        status: (text) => assert.match(text, /^placing flows: 512 offloaded, 3000 on the vSwitch$/),
        close: () => events.push('closed'),
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
    const until = async (event: string): Promise<void> => {
      while (!events.includes(event)) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await until('watchdog');
    view.state = { ...view.state, tick: { ...view.state.tick, ageMs: 60_000 } };
    events.length = 2;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(
      events,
      ['started', 'ready: placing flows'],
      'a hung loop does not notify the watchdog',
    );
    view.reloaded = { ok: false, problems: ['bad'] };
    reload();
    await until('ready: reload failed; the last valid policies stay in force');
    stop.abort('enough');
    await until('stopping');
    stopped();
    await life;
    assert.deepEqual(events.slice(2), [
      'reloading',
      'ready: reload failed; the last valid policies stay in force',
      'stopping',
      'closed',
    ]);
  });
});
