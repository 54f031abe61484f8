import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnixctlClient } from '../../../protocols/unixctl/client.ts';
import {
  UnixctlBusy,
  UnixctlCommandError,
  UnixctlDisconnected,
  UnixctlNoPidFile,
  UnixctlProtocolError,
  UnixctlStalePid,
  UnixctlTimeout,
  UnixctlUnreadable,
} from '../../../protocols/unixctl/errors.ts';
import { answer, FakeServer } from '../json-rpc/fake-server.ts';
import { eventually } from '../../support/eventually.ts';

const never = new AbortController().signal;

describe('unixctl client', () => {
  let server: FakeServer;
  let client: UnixctlClient;

  beforeEach(async () => {
    server = await FakeServer.startUnixctl(answer('hello\n'));
    client = new UnixctlClient({ runDir: server.directory, timeoutMs: 300, maxWaiting: 3 });
  });
  afterEach(async () => {
    await client.close();
    await server.remove();
  });

  it('runs a command and returns its output as text', async () => {
    assert.equal(await client.text('version', ['a', 'b"'], never), 'hello\n');
    assert.deepEqual(server.requests, [{ id: 0, method: 'version', params: ['a', 'b"'] }]);
  });

  it('sends a batch at once, and returns outputs and refusals in order', async () => {
    let waiting: (() => void)[] = [];
    server.behaviour = (request, socket) => {
      const n = Number(JSON.parse(JSON.stringify(request['params']))[0]);
      const [result, error] = n === 2 ? [null, 'no such thing\n'] : [`"${n}"\n`, null];
      waiting.push(() => socket.write(JSON.stringify({ id: request['id'], result, error })));
      // Replies only when all requests have arrived.
      if (n === 3) for (const reply of waiting) reply();
    };
    const results = await client.texts('get', [['1'], ['2'], ['3']], never);
    assert.deepEqual(
      results.map((r) => ('text' in r ? r.text : r.error.constructor)),
      ['"1"\n', UnixctlCommandError, '"3"\n'],
    );
    waiting = [];
    assert.deepEqual(await client.texts('get', [], never), []);
    server.behaviour = answer('hello\n');
    assert.equal(await client.text('version', [], never), 'hello\n');
    assert.equal(server.connections, 1);
  });

  it('gives up on a batch whose last reply is missing, and does not read it later', async () => {
    server.behaviour = (request, socket) => {
      if (request['id'] === 0) socket.write(JSON.stringify({ id: 0, result: 'a', error: null }));
    };
    await assert.rejects(client.texts('get', [['1'], ['2']], never), UnixctlTimeout);
    server.behaviour = answer('hello\n');
    assert.equal(await client.text('version', [], never), 'hello\n');
    assert.equal(server.connections, 2);
  });

  it('keeps its connection', async () => {
    for (let i = 0; i < 5; i++) await client.text('version', [], never);
    assert.equal(server.connections, 1);
  });

  it("removes its listeners from the caller's signal", async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 5; i++) await client.text('version', [], signal);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('reads a reply that arrives in two pieces, cut at any byte', async () => {
    const text = 'a"b\\c\n{[é\u0001';
    for (let at = 1; ; at++) {
      let length = 0;
      server.behaviour = (request, socket) => {
        const reply = Buffer.from(JSON.stringify({ error: null, id: request['id'], result: text }));
        length = reply.length;
        socket.write(reply.subarray(0, at));
        setImmediate(() => socket.write(reply.subarray(at)));
      };
      assert.equal(await client.text('x', [], never), text);
      if (at >= length - 1) break;
    }
  });

  it('passes the raw bytes of a large reply and reports the waiting time', async () => {
    const line = 'x'.repeat(200);
    server.behaviour = (request, socket) => {
      setTimeout(() => answer(`${line}\n`.repeat(20_000))(request, socket), 30);
    };
    const seen = await client.bytes(
      'dump',
      [],
      ({ escaped, waitedMs }) => {
        assert.ok(waitedMs >= 25 && waitedMs < 300, `${waitedMs}`);
        assert.equal(escaped.toString('latin1', 0, 202), `${line}\\n`);
        return escaped.length;
      },
      never,
    );
    assert.equal(seen, 202 * 20_000);
  });

  it('sends the next request only when the callback has settled', async () => {
    let release = (): void => undefined;
    const used = client.bytes('a', [], () => new Promise<void>((r) => (release = r)), never);
    const next = client.text('b', [], never);
    await eventually('the first request', () => server.requests.length > 0);
    // Time in which a second request would arrive.
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(
      server.requests.map((r) => r['method']),
      ['a'],
    );
    release();
    await used;
    assert.equal(await next, 'hello\n');
  });

  it('reports an error of the daemon, and keeps the connection', async () => {
    server.behaviour = (request, socket) => {
      socket.write(JSON.stringify({ id: request['id'], result: null, error: 'no such dp\n' }));
    };
    await assert.rejects(client.text('dpctl/show', [], never), (error: unknown) => {
      assert.ok(error instanceof UnixctlCommandError);
      assert.match(error.message, /dpctl\/show .* failed: no such dp$/);
      return true;
    });
    server.behaviour = answer('fine');
    assert.equal(await client.text('x', [], never), 'fine');
    assert.equal(server.connections, 1);
  });

  for (const [what, reply] of [
    ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['an object that is no reply', '{"id":0,"hello":1}'],
    ['the reply to another request', '{"id":99,"result":"x","error":null}'],
    ['a result that is no string', '{"id":0,"result":[1],"error":null}'],
  ] as const) {
    it(`refuses ${what}, and recovers`, async () => {
      server.behaviour = (_, socket) => void socket.write(reply);
      await assert.rejects(client.text('x', [], never), UnixctlProtocolError);
      server.behaviour = answer('fine');
      assert.equal(await client.text('x', [], never), 'fine');
      assert.equal(server.connections, 2);
    });
  }

  it('refuses a reply above its limit', async () => {
    const small = new UnixctlClient({
      runDir: server.directory,
      timeoutMs: 1000,
      maxReplyBytes: 100_000,
    });
    server.behaviour = answer('x'.repeat(500_000));
    await assert.rejects(small.text('x', [], never), UnixctlProtocolError);
    await small.close();
  });

  it('times out when the daemon never answers, and ignores a late reply', async () => {
    server.behaviour = (request, socket) => {
      setTimeout(() => answer('late')(request, socket), 400);
    };
    await assert.rejects(client.text('slow', [], never), UnixctlTimeout);
    server.behaviour = answer('fresh');
    assert.equal(await client.text('x', [], never), 'fresh');
  });

  it('times out when a reply stops half-way', async () => {
    server.behaviour = (_, socket) => void socket.write('{"id":0,"result":"abc');
    await assert.rejects(client.text('x', [], never), UnixctlTimeout);
  });

  it('reports a connection that ends before the reply', async () => {
    server.behaviour = (_, socket) => socket.end('{"id":0,"result":"abc');
    await assert.rejects(client.text('x', [], never), UnixctlDisconnected);
  });

  it('retries when its open connection had ended', async () => {
    await client.text('x', [], never);
    let first = true;
    server.behaviour = (request, socket) => {
      if (first) socket.destroy();
      else answer('again')(request, socket);
      first = false;
    };
    assert.equal(await client.text('x', [], never), 'again');
  });

  it('stops at once when the signal is aborted', async () => {
    server.behaviour = () => undefined;
    const stop = new AbortController();
    const reason = new Error('enough');
    const asked = client.text('x', [], stop.signal);
    const start = performance.now();
    setTimeout(() => stop.abort(reason), 20);
    await assert.rejects(asked, reason);
    assert.ok(performance.now() - start < 200);
    server.behaviour = answer('fine');
    assert.equal(await client.text('x', [], never), 'fine');
  });

  it('bounds queued requests', async () => {
    server.behaviour = () => undefined;
    const asked = [1, 2, 3].map(() => assert.rejects(client.text('x', [], never)));
    await assert.rejects(client.text('x', [], never), UnixctlBusy);
    await client.close();
    await Promise.all(asked);
  });

  it('reads the pid file again after a restart', async () => {
    await client.text('x', [], never);
    await server.stop();
    await assert.rejects(client.text('x', [], never), UnixctlStalePid);
    await server.listenAs('ovs-vswitchd.4712.ctl');
    await writeFile(join(server.directory, 'ovs-vswitchd.pid'), '4712\n');
    server.behaviour = answer('restarted');
    assert.equal(await client.text('x', [], never), 'restarted');
  });
});

describe('unixctl client without a daemon', () => {
  let runDir: string;
  beforeEach(async () => {
    runDir = await mkdtemp(join(tmpdir(), 'nkrun-'));
  });
  afterEach(() => rm(runDir, { recursive: true, force: true }));

  const ask = (): Promise<string> =>
    new UnixctlClient({ runDir, timeoutMs: 300 }).text('version', [], never);

  it('reports a missing pid file with its path', async () => {
    await assert.rejects(ask(), (error: unknown) => {
      assert.ok(error instanceof UnixctlNoPidFile);
      assert.ok(error.message.includes(join(runDir, 'ovs-vswitchd.pid')));
      return true;
    });
  });

  it('reports a stale pid file', async () => {
    await writeFile(join(runDir, 'ovs-vswitchd.pid'), '123\n');
    await assert.rejects(ask(), UnixctlStalePid);
  });

  it('reports a pid file without a pid', async () => {
    await writeFile(join(runDir, 'ovs-vswitchd.pid'), 'x\n');
    await assert.rejects(ask(), UnixctlUnreadable);
  });

  it('reports a path that is not a socket', async () => {
    await writeFile(join(runDir, 'ovs-vswitchd.pid'), '123\n');
    await writeFile(join(runDir, 'ovs-vswitchd.123.ctl'), '');
    await assert.rejects(ask(), (error: unknown) => {
      assert.ok(error instanceof UnixctlStalePid || error instanceof UnixctlUnreadable);
      return true;
    });
  });
});
