import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { InfluxClient } from '../../../telemetry/influx/client.ts';
import { InfluxStatementFailed } from '../../../telemetry/influx/errors.ts';
import { SinkRefused, SinkUnavailable } from '../../../telemetry/shipping/errors.ts';
import { after, breaksOff, drips, FakeInflux, hangs, resets, says } from './fake-influx.ts';

const TIMEOUT_MS = 150;
const LINES = ['m v=1i 1', 'm v=2i 2'];
const NEVER = new AbortController().signal;

describe('InfluxDB client', () => {
  let fake: FakeInflux;
  let client: InfluxClient;

  beforeEach(async () => {
    fake = await FakeInflux.start();
    client = new InfluxClient({ url: fake.url, database: 'db 1', timeoutMs: TIMEOUT_MS });
  });

  afterEach(async () => {
    client.close();
    await fake.stop();
  });

  /** The error of a write that must fail. */
  async function failure(signal = NEVER): Promise<unknown> {
    try {
      await client.write(LINES, signal);
    } catch (error) {
      return error;
    }
    return assert.fail('it did not fail');
  }

  async function unavailable(): Promise<SinkUnavailable> {
    const error = await failure();
    assert.ok(error instanceof SinkUnavailable, String(error));
    return error;
  }

  async function refused(): Promise<SinkRefused> {
    const error = await failure();
    assert.ok(error instanceof SinkRefused, String(error));
    return error;
  }

  it('writes to the 1.x address, without credentials if there are none', async () => {
    await client.write(LINES, NEVER);
    const [request] = fake.requests;
    assert.equal(request.path, '/write');
    assert.deepEqual([...request.query], [['db', 'db 1']]);
    assert.equal(request.body, LINES.join('\n'));
    assert.equal(request.authorization, undefined);
  });

  it('sends the retention policy, and keeps the path of the address', async () => {
    const target = {
      url: `${fake.url}/influx/`,
      database: 'a',
      retentionPolicy: 'b',
      timeoutMs: TIMEOUT_MS,
    };
    const other = new InfluxClient(target);
    await other.write(LINES, NEVER);
    other.close();
    assert.equal(fake.requests[0].path, '/influx/write');
    assert.deepEqual(
      [...fake.requests[0].query],
      [
        ['db', 'a'],
        ['rp', 'b'],
      ],
    );
  });

  it('sends user and password (1.x)', async () => {
    client.setCredentials({ kind: 'password', username: 'nk', password: 'p:w' });
    await client.write(LINES, NEVER);
    assert.equal(fake.requests[0].authorization, `Basic ${btoa('nk:p:w')}`);
  });

  it('sends only the token (2.x)', async () => {
    client.setCredentials({ kind: 'token', token: 'abc==' });
    await client.write(LINES, NEVER);
    assert.equal(fake.requests[0].authorization, 'Token abc==');
    assert.equal(fake.requests[0].query.has('u'), false);
  });

  it('uses one connection for all requests', async () => {
    for (let i = 0; i < 5; i++) await client.write(LINES, NEVER);
    assert.equal(await fake.connections(), 1);
  });

  for (const [title, answer] of [
    ['hangs', hangs],
    ['is too slow', after(TIMEOUT_MS * 3, says(204))],
    ['breaks the connection during its answer', breaksOff],
    ['never ends its answer', drips],
  ] as const) {
    it(`times out when a server ${title}, and sends it the next request`, async () => {
      fake.next.push(answer);
      const startedMs = performance.now();
      const error = await unavailable();
      assert.equal(error.kind, 'timeout');
      assert.match(error.message, /no answer within 150 ms/);
      assert.ok(performance.now() - startedMs < TIMEOUT_MS * 3);
      await client.write(LINES, NEVER);
    });
  }

  it('does not block the host after repeated failures', async () => {
    fake.answer = resets;
    for (let i = 0; i < 10; i++) assert.equal((await unavailable()).kind, 'unreachable');
    fake.answer = says(204);
    await client.write(LINES, NEVER);
    assert.equal(fake.requests.length, 11, 'each request was made once');
  });

  it('reports a refused connection', async () => {
    const away = new InfluxClient({
      url: 'http://127.0.0.1:1',
      database: 'a',
      timeoutMs: TIMEOUT_MS,
    });
    await assert.rejects(away.write(LINES, NEVER), /cannot be reached: .*ECONNREFUSED/);
    away.close();
  });

  it('aborts immediately with its signal', async () => {
    fake.answer = hangs;
    const end = new AbortController();
    setTimeout(() => end.abort(), 20);
    const startedMs = performance.now();
    assert.ok((await failure(end.signal)) instanceof SinkUnavailable);
    assert.ok(performance.now() - startedMs < TIMEOUT_MS);
    assert.ok((await failure(end.signal)) instanceof SinkUnavailable);
  });

  it('distinguishes by status what may be sent again', async () => {
    const kinds: [number, string][] = [
      [401, 'unauthorized'],
      [403, 'unauthorized'],
      [404, 'missing'],
      [429, 'busy'],
      [302, 'busy'],
      [500, 'busy'],
      [503, 'busy'],
    ];
    for (const [status, kind] of kinds) {
      fake.next.push(says(status, 'some words'));
      assert.equal((await unavailable()).kind, kind, String(status));
    }
    for (const status of [400, 413, 422]) {
      fake.next.push(says(status, 'unable to parse'));
      const error = await refused();
      assert.equal(error.dropped, undefined);
      assert.equal(error.message, `InfluxDB answers ${status}: unable to parse`);
    }
  });

  it('reads the number of points that a partial write dropped', async () => {
    const cases: [string, number][] = [
      ['partial write: points beyond retention policy dropped=3', 3],
      ["partial write: unable to parse 'a': x\nunable to parse 'b': y dropped=0", 2],
      ['partial write: who knows', 1],
    ];
    for (const [words, dropped] of cases) {
      fake.next.push(says(400, words));
      assert.equal((await refused()).dropped, dropped, words);
    }
  });

  it('reads the wait that the server requests', async () => {
    fake.next.push(says(429, 'slow down', { 'retry-after': '7' }));
    assert.equal((await unavailable()).retryAfterMs, 7_000);
    fake.next.push(says(429, 'slow down', { 'retry-after': 'soon' }));
    assert.equal((await unavailable()).retryAfterMs, undefined);
  });

  it('puts neither secrets nor long answers into errors', async () => {
    client.setCredentials({ kind: 'token', token: 'sesame' });
    fake.next.push(says(401, `no such token: sesame ${'x'.repeat(5_000)}`));
    const error = await unavailable();
    assert.match(error.message, /no such token: \*\*\*/);
    assert.ok(error.message.length < 500);
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /sesame/);
  });

  it('detects a failed statement with status 200', async () => {
    const answer = (body: unknown) =>
      fake.next.push((response) => response.end(JSON.stringify(body)));
    answer({ results: [{ statement_id: 0 }] });
    await client.createDatabase(NEVER);
    assert.equal(fake.requests[0].query.get('q'), 'CREATE DATABASE "db 1"');
    answer({ results: [{ error: 'no rights' }] });
    await assert.rejects(client.createDatabase(NEVER), InfluxStatementFailed);
    answer(7);
    await assert.rejects(client.createDatabase(NEVER), InfluxStatementFailed);
    answer({ results: [{ error: 'retention policy already exists' }] });
    assert.equal(await client.createRetentionPolicy('rp', '30d', NEVER), false);
    fake.next.push((response) => response.end('<html>'));
    await assert.rejects(client.createDatabase(NEVER), SinkUnavailable);
  });
});
