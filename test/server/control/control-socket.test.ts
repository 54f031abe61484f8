import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ControlClient } from '../../../cli/client/client.ts';
import {
  ControlForbidden,
  ControlMismatch,
  ControlRefused,
  ControlTimeout,
  DaemonUnreachable,
} from '../../../cli/client/client-errors.ts';
import { type ControlService, startControlServer } from '../../../server/control/control-server.ts';
import {
  ControlSocketInUse,
  ControlSocketUnusable,
} from '../../../server/control/private-socket.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { FakeView, flowOf } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { eventually } from '../../support/eventually.ts';

const QUERY = { sort: 'rate', limit: 20, words: [] } as const;

describe('control socket', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let view: FakeView;
  let services: ControlService[];

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'run', 'control.sock');
    view = new FakeView();
    services = [];
  });

  afterEach(async () => {
    await Promise.all(services.map((service) => service.close()));
    folder.remove();
  });

  async function start(at = path): Promise<ControlClient> {
    services.push(await startControlServer(at, view, recordingLog().log));
    return new ControlClient(at, 2_000);
  }

  it('is accessible only to its owner from its creation, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const server = startControlServer(path, view, recordingLog().log);
      // The file is created in a microtask, before anything else can happen on the socket.
      while (!existsSync(path)) await Promise.resolve();
      assert.equal(statSync(path).mode & 0o777, 0o600);
      services.push(await server);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(statSync(join(folder.path, 'run')).mode & 0o777, 0o700);
      assert.equal(process.umask(), 0);
    } finally {
      process.umask(before);
    }
  });

  it('is removed when the daemon exits', async () => {
    await start();
    await services.pop()?.close();
    assert.ok(!existsSync(path));
  });

  it('replaces the stale socket of a killed daemon', async () => {
    mkdirSync(join(folder.path, 'run'));
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log())`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(existsSync(path));
    const client = await start();
    assert.equal((await client.status()).pid, 4242);
  });

  it('does not replace the socket of a running daemon', async () => {
    const client = await start();
    await assert.rejects(start(), ControlSocketInUse);
    assert.equal((await client.status()).pid, 4242);
  });

  it('does not replace a file that is not a socket', async () => {
    path = join(folder.path, 'precious');
    writeFileSync(path, 'data');
    await assert.rejects(start(), ControlSocketUnusable);
    assert.ok(statSync(path).isFile());
  });

  it('refuses a folder that is a link or that other users can change', async () => {
    const open = join(folder.path, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await assert.rejects(start(join(open, 'c.sock')), ControlSocketUnusable);
    symlinkSync(folder.path, join(folder.path, 'link'));
    await assert.rejects(start(join(folder.path, 'link', 'c.sock')), ControlSocketUnusable);
  });

  it('refuses a path that is too long for a socket', async () => {
    await assert.rejects(start(join(folder.path, 'x'.repeat(100))), /longer than the 107 bytes/);
  });

  it('serves every request of the client', async () => {
    const client = await start();
    assert.equal((await client.status()).tick.sequence, 480);
    const query = {
      sort: 'bytes',
      limit: 7,
      placement: 'offload',
      slice: 'a b&c',
      port: 'vm1',
      words: ['tcp', 'x=1'],
    } as const;
    assert.equal((await client.flows(query)).matching, 1);
    assert.deepEqual(view.queries.at(-1), query);
    const answer = await client.why('5b1f/..');
    assert.ok(answer.found);
    assert.deepEqual(await client.onloadAll(), {
      held: true,
      withdrawn: 512,
      problem: null,
    });
    assert.deepEqual(await client.resume(), {
      held: false,
      withdrawn: 0,
      problem: null,
    });
    assert.deepEqual(await client.reload(), { ok: true, rules: 5 });
    assert.deepEqual(view.asked, [
      'status',
      'flows',
      'why 5b1f/..',
      'onload-all',
      'resume',
      'reload',
    ]);
  });

  it('includes the sentence in the response to why', async () => {
    await start();
    const body = await raw('GET', '/api/v1/flows/5b1f/why');
    assert.match(
      body.text,
      /"sentence":"The flow is on the NIC \(offload\) at 1\.50 Gbit\/s: rule/,
    );
  });

  it('answers 404 for an unknown flow', async () => {
    view.answer = { found: false, candidates: ['a', 'b'] };
    const client = await start();
    assert.deepEqual(await client.why('zz'), view.answer);
  });

  it('lists its routes, and docs/api.md documents all of them', async () => {
    await start();
    const { routes } = JSON.parse((await raw('GET', '/api/v1')).text);
    const docs = readFileSync(join(packageRoot(), 'docs', 'api.md'), 'utf8');
    assert.ok(routes.length >= 10);
    for (const { method, path } of routes) {
      assert.ok(docs.includes(`\n### \`${method} ${path}\`\n`), `${method} ${path}`);
    }
  });

  it('refuses unknown paths, methods and values, and names the valid ones', async () => {
    await start();
    assert.match((await raw('GET', '/api/v1/flows?sort=speed')).text, /sort can be rate, packets/);
    assert.equal((await raw('GET', '/api/v1/flows?limit=0')).status, 400);
    assert.equal((await raw('GET', '/api/v1/flows?limit=1e9')).status, 400);
    assert.equal((await raw('GET', '/api/v1/flows/%E0%A4/why')).status, 400);
    assert.equal((await raw('GET', '/v1/flows')).status, 404);
    const onload = await raw('GET', '/api/v1/onload-all');
    assert.deepEqual([onload.status, onload.allow], [405, 'POST']);
    assert.deepEqual(view.asked, []);
  });

  it('closes the connection on a long request body', async () => {
    await start();
    const answer = await raw('POST', '/api/v1/resume', 'x'.repeat(1_000_000)).catch(
      () => undefined,
    );
    assert.ok(answer === undefined || answer.status === 413 || answer.status === 200);
    assert.equal((await raw('GET', '/api/v1/status')).status, 200);
  });

  it('answers 500 with the cause when the view fails, and keeps serving', async () => {
    const client = await start();
    view.failure = new Error('the loop has no table yet');
    await assert.rejects(client.status(), (error) => {
      assert.ok(error instanceof ControlRefused);
      assert.match(error.message, /no table yet/);
      return true;
    });
    view.failure = undefined;
    assert.equal((await client.status()).pid, 4242);
  });

  it('streams ticks until the reader disconnects', async () => {
    const client = await start();
    const stop = new AbortController();
    const sequences: number[] = [];
    for await (const tick of client.ticks(QUERY, stop.signal)) {
      sequences.push(tick.status.tick.sequence);
      if (sequences.length === 3) stop.abort();
      view.state = {
        ...view.state,
        tick: { ...view.state.tick, sequence: view.state.tick.sequence + 1 },
      };
      view.tick();
    }
    assert.deepEqual(sequences.slice(0, 3), [480, 481, 482]);
    await eventually('no listener is left', () => view.listeners.size === 0);
  });

  it('ends streams when the daemon exits', async () => {
    const client = await start();
    const seen: number[] = [];
    for await (const tick of client.ticks(QUERY, new AbortController().signal)) {
      seen.push(tick.status.pid);
      await services.pop()?.close();
    }
    assert.deepEqual(seen, [4242]);
  });

  it('does not fail the loop when a stream fails', async () => {
    const client = await start();
    const stream = client.ticks(QUERY, new AbortController().signal);
    await stream.next();
    view.failure = new Error('broken');
    view.tick();
    await assert.rejects(stream.next());
    await eventually('no listener is left', () => view.listeners.size === 0);
  });

  it('names the owner of the socket to a user without permission', async function () {
    if (process.getuid?.() !== 0) this.skip();
    chmodSync(folder.path, 0o755);
    path = join(folder.path, 'control.sock');
    await start();
    assert.ok(process.seteuid !== undefined);
    process.seteuid(65_534);
    try {
      await assert.rejects(new ControlClient(path).status(), (error) => {
        assert.ok(error instanceof ControlForbidden);
        assert.match(error.message, /belongs to another user.*sudo/);
        return true;
      });
    } finally {
      process.seteuid(0);
    }
  });

  it('builds no ticks for a reader that does not read', async () => {
    await start();
    view.page = {
      total: 1000,
      matching: 1000,
      flows: Array.from({ length: 1000 }, () => flowOf()),
    };
    const socket = connect(path);
    socket.pause();
    socket.write('GET /api/v1/ticks HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('a listener', () => view.listeners.size === 1);
    for (let i = 0; i < 500; i++) {
      view.tick();
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const made = view.queries.length;
    assert.ok(made < 20, `${made} lines of about 600 KB were built without a reader`);
    socket.destroy();
    await eventually('no listener is left', () => view.listeners.size === 0);
  });

  it('bounds the number of streams', async () => {
    const client = await start();
    const stop = new AbortController();
    const streams = Array.from({ length: 8 }, () => client.ticks(QUERY, stop.signal));
    await Promise.all(streams.map((stream) => stream.next()));
    await assert.rejects(client.ticks(QUERY, stop.signal).next(), ControlRefused);
    stop.abort();
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  });

  it('distinguishes an absent daemon, no answer, and another program', async () => {
    await assert.rejects(new ControlClient(path).status(), (error) => {
      assert.ok(error instanceof DaemonUnreachable);
      assert.match(error.message, /Is it running\?/);
      return true;
    });
    mkdirSync(join(folder.path, 'run'));
    const mute = createServer(() => {}).listen(path);
    await once(mute, 'listening');
    await assert.rejects(new ControlClient(path, 100).status(), ControlTimeout);
    mute.close();
    const odd = join(folder.path, 'odd.sock');
    const other = createServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    }).listen(odd);
    await once(other, 'listening');
    await assert.rejects(new ControlClient(odd).status(), ControlMismatch);
    other.close();
  });

  it('asks again while the daemon closes the connection unanswered', async () => {
    await start();
    let refusals = 2;
    const short = join(folder.path, 'short.sock');
    const proxy = createServer((socket) => {
      if (refusals-- > 0) {
        socket.destroy();
        return;
      }
      socket.pipe(connect(path)).pipe(socket);
    }).listen(short);
    await once(proxy, 'listening');
    assert.equal((await new ControlClient(short).onloadAll()).held, true);
    assert.equal(view.asked.length, 1);
    proxy.close();
  });

  function raw(
    method: string,
    target: string,
    body = '',
  ): Promise<{ status: number; allow: string | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: path, method, path: target }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, allow: response.headers.allow, text }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
});
