import assert from 'node:assert/strict';
import { SinkRefused, SinkUnavailable } from '../../../telemetry/shipping/errors.ts';
import { JsonCollector } from '../../../telemetry/shipping/json-collector.ts';
import { type CollectorAnswer, FakeCollector, says } from './fake-collector.ts';

const LINES = ['{"a":1}', '{"b":"é"}'];
const NEVER = new AbortController().signal;

describe('HTTP collector', () => {
  let fake: FakeCollector;
  let client: JsonCollector;

  beforeEach(async () => {
    fake = await FakeCollector.start();
    client = new JsonCollector({ url: fake.url, timeoutMs: 500 });
  });

  afterEach(async () => {
    client.close();
    await fake.stop();
  });

  async function failure(answer: CollectorAnswer, signal = NEVER): Promise<unknown> {
    fake.next.push(answer);
    return client.write(LINES, signal).then(
      () => assert.fail('it did not fail'),
      (error: unknown) => error,
    );
  }

  it('posts one compressed array, over one connection', async () => {
    await client.write(LINES, NEVER);
    client.setToken('sesame');
    await client.write(LINES, NEVER);
    const [first, second] = fake.requests;
    assert.deepEqual([first.method, first.path], ['POST', '/logs']);
    assert.deepEqual(first.body, [{ a: 1 }, { b: 'é' }]);
    assert.equal(first.headers['content-type'], 'application/json');
    assert.equal(first.headers.authorization, undefined);
    assert.equal(second.headers.authorization, 'Bearer sesame');
  });

  for (const status of [400, 413, 422]) {
    it(`does not send the same again after ${status}`, async () => {
      const error = await failure(says(status, 'bad\nrecord'));
      assert.ok(error instanceof SinkRefused);
      assert.equal(error.message, `the collector answers ${status}: bad record`);
    });
  }

  for (const [status, kind] of [
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'missing'],
    [302, 'busy'],
    [500, 'busy'],
  ] as const) {
    it(`keeps the lines after ${status}`, async () => {
      const error = await failure(says(status));
      assert.ok(error instanceof SinkUnavailable);
      assert.equal(error.kind, kind);
    });
  }

  it('waits as long as the server asks for', async () => {
    const error = await failure(says(503, 'later', { 'retry-after': '7' }));
    assert.ok(error instanceof SinkUnavailable);
    assert.equal(error.retryAfterMs, 7_000);
  });

  it('does not disclose the token that a server repeats', async () => {
    client.setToken('sesame');
    const error = await failure(says(401, 'bad token sesame'));
    assert.match(String(error), /bad token \*\*\*$/);
  });

  it('ends a request without an answer at its time-out', async () => {
    const error = await failure(() => undefined);
    assert.ok(error instanceof SinkUnavailable);
    assert.deepEqual([error.kind, error.message], ['timeout', 'no answer within 500 ms']);
  });

  it('ends an answer without an end at its time-out', async () => {
    const error = await failure((response) => {
      response.writeHead(200);
      response.write('...');
    });
    assert.ok(error instanceof SinkUnavailable);
    assert.equal(error.kind, 'timeout');
  });

  it('reports a reset connection, and a signal', async () => {
    const reset = await failure((response) => response.socket?.resetAndDestroy());
    assert.ok(reset instanceof SinkUnavailable);
    assert.equal(reset.kind, 'unreachable');
    const ending = await failure(() => undefined, AbortSignal.timeout(50));
    assert.match(String(ending), /the daemon is ending/);
  });
});
