import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { InfluxClient } from '../../../telemetry/influx/client.ts';
import { SinkUnavailable } from '../../../telemetry/shipping/errors.ts';
import { BatchWriter, type WriterOptions } from '../../../telemetry/shipping/writer.ts';
import {
  after,
  type Answer,
  breaksOff,
  drips,
  FakeInflux,
  hangs,
  resets,
  says,
} from './fake-influx.ts';
import { eventually } from '../../support/eventually.ts';

const TIMEOUT_MS = 250;

interface Note {
  readonly level: 'info' | 'warn';
  readonly details: Readonly<Record<string, unknown>>;
  readonly message: string;
}

describe('InfluxDB writer', () => {
  let fake: FakeInflux;
  let client: InfluxClient;
  let writer: BatchWriter;
  let notes: Note[];
  let prepared: number;

  beforeEach(async () => {
    fake = await FakeInflux.start();
    client = new InfluxClient({ url: fake.url, database: 'd', timeoutMs: TIMEOUT_MS });
    notes = [];
    prepared = 0;
    make();
  });

  afterEach(async () => {
    await writer.close(0);
    client.close();
    await fake.stop();
  });

  function make(options: Partial<WriterOptions> = {}): void {
    writer = new BatchWriter({
      sink: client,
      prepare: () => {
        prepared++;
        return Promise.resolve();
      },
      queue: { lines: 1_000, bytes: 1e6 },
      batch: { lines: 10, bytes: 1e5, waitMs: 20 },
      retry: { minMs: 10, maxMs: 40 },
      log: {
        info: (details, message) => notes.push({ level: 'info', details, message }),
        warn: (details, message) => notes.push({ level: 'warn', details, message }),
      },
      names: { server: 'InfluxDB', items: 'points' },
      wall: () => 1_234,
      ...options,
    });
  }

  /** Adds lines that end in the numbers `from` to `to`, each point with its own time. */
  function add(from: number, to: number): readonly string[] {
    const lines = Array.from({ length: to - from + 1 }, (_, i) => `m v=${from + i}i ${from + i}`);
    for (const line of lines) writer.add(line);
    return lines;
  }

  it('sends full batches immediately, and others when their wait is over', async () => {
    writer.start();
    const few = add(1, 3);
    assert.equal(fake.requests.length, 0);
    await eventually('the few', () => writer.state.written === 3);
    assert.deepEqual(fake.written, few);
    const many = add(4, 38);
    await eventually('all', () => writer.state.written === 38);
    assert.deepEqual(fake.written, [...few, ...many]);
    const sizes = fake.requests.map(({ body }) => body.split('\n').length);
    assert.deepEqual(sizes, [3, 10, 10, 10, 5]);
    assert.equal(prepared, 1);
    const { written, queuedLines, queuedBytes, lastSuccessMs, error } = writer.state;
    assert.deepEqual([written, queuedLines, queuedBytes], [38, 0, 0]);
    assert.deepEqual([lastSuccessMs, error], [1_234, undefined]);
    assert.deepEqual(notes, []);
  });

  const outages: [string, Answer][] = [
    ['hangs', hangs],
    ['resets connections', resets],
    ['breaks the connection during its answer', breaksOff],
    ['never ends its answer', drips],
    ['answers 500', says(500)],
    ['answers 503', says(503)],
    ['answers 429', says(429, 'slow down')],
    ['does not know the user', says(401, 'who are you')],
    ['has lost its database', says(404, 'database not found: "d"')],
    ['redirects', says(302)],
  ];
  for (const [title, answer] of outages) {
    it(`loses nothing that fits into the queue while a server ${title}`, async () => {
      fake.answer = answer;
      writer.start();
      const first = add(1, 25);
      await eventually('two failures', () => total(writer.state.failures) >= 2);
      const second = add(26, 40);
      assert.ok(writer.state.error !== undefined);
      assert.equal(writer.state.lastSuccessMs, undefined);
      fake.answer = says(204);
      await eventually('all', () => writer.state.written === 40);
      assert.deepEqual(fake.written, [...first, ...second]);
      const { written, dropped, error } = writer.state;
      assert.equal(written, 40);
      assert.deepEqual([total(dropped), error], [0, undefined]);
      assert.deepEqual(
        notes.map((n) => `${n.level}: ${n.message}`),
        [
          'warn: InfluxDB does not accept points; the queue keeps them',
          'info: InfluxDB accepts points again',
        ],
      );
    });
  }

  it('drops the oldest points when the queue is full, and counts them exactly', async () => {
    make({ queue: { lines: 100, bytes: 1e6 } });
    fake.answer = hangs;
    writer.start();
    add(1, 30);
    await eventually('a failure', () => total(writer.state.failures) >= 1);
    for (let from = 31; from <= 391; from += 40) {
      add(from, from + 39);
      await sleep(TIMEOUT_MS / 4);
    }
    await eventually('it is given up', () => writer.state.queuedLines === 100);
    fake.answer = says(204);
    await eventually('all', () => writer.state.written === 100);
    assert.deepEqual(fake.written, lines(331, 430));
    const { written, dropped } = writer.state;
    assert.deepEqual([written, dropped], [100, { queue: 330, refused: 0, end: 0 }]);
  });

  it('limits the bytes of the queue', async () => {
    make({ queue: { lines: 1_000, bytes: 15 * 20 } });
    fake.answer = says(500);
    writer.start();
    add(100, 199);
    await eventually('a failure', () => total(writer.state.failures) >= 1);
    assert.ok(writer.state.queuedBytes <= 300);
    fake.answer = says(204);
    await eventually(
      'the youngest',
      () => writer.state.written + writer.state.dropped.queue === 100,
    );
    assert.deepEqual(fake.written, lines(200 - fake.written.length, 199));
    assert.equal(writer.state.dropped.queue, 100 - fake.written.length);
  });

  it('writes the other points of a batch in which one is refused', async () => {
    fake.answer = (response, request, socket) => {
      const bad = request.body.split('\n').includes('m v=17i 17');
      (bad ? says(400, 'unable to parse: a secret of ours') : says(204))(response, request, socket);
    };
    writer.start();
    add(1, 40);
    await eventually('all', () => writer.state.written === 39);
    assert.deepEqual(
      fake.written.toSorted(byNumber),
      lines(1, 40).filter((l) => l !== 'm v=17i 17'),
    );
    assert.deepEqual(writer.state.dropped, { queue: 0, refused: 1, end: 0 });
    assert.equal(total(writer.state.failures), 0);
    assert.match(String(notes[0].details.error), /InfluxDB answers 400: unable to parse/);
    assert.equal(notes.length, 1);
  });

  it('counts the points that a partial write dropped, and sends nothing twice', async () => {
    fake.next.push(says(400, 'partial write: points beyond retention policy dropped=4'));
    writer.start();
    add(1, 20);
    await eventually('both batches', () => writer.state.written === 16);
    assert.equal(fake.requests.length, 2);
    assert.deepEqual(writer.state.dropped, { queue: 0, refused: 4, end: 0 });
  });

  it('limits requests and log lines when every point is refused', async () => {
    make({ batch: { lines: 500, bytes: 1e6, waitMs: 10 } });
    fake.answer = says(400, 'no');
    writer.start();
    add(1, 1_000);
    await eventually('both batches', () => writer.state.dropped.refused === 1_000);
    assert.ok(fake.requests.length <= 2 * 130, `${fake.requests.length} requests`);
    assert.equal(writer.state.written, 0);
    assert.equal(notes.length, 1);
    assert.match(writer.state.error ?? '', /answers 400: no/);
    fake.answer = says(204);
    const more = add(2_001, 2_005);
    await eventually('the next', () => writer.state.written === 5);
    assert.deepEqual(fake.written, more);
    assert.equal(writer.state.error, undefined);
  });

  it('halves a batch that is too large, and loses none of it when the connection breaks', async () => {
    let fits = 3;
    fake.answer = (response, request, socket) => {
      const tooLarge = request.body.split('\n').length > fits;
      (tooLarge ? says(413, 'too large') : says(204))(response, request, socket);
    };
    writer.start();
    add(1, 10);
    fake.next.push(says(413), says(413), resets);
    await eventually('all', () => writer.state.written === 10);
    fits = 100;
    assert.deepEqual(fake.written, lines(1, 10));
    assert.equal(total(writer.state.dropped), 0);
    assert.equal(writer.state.failures.unreachable, 1);
  });

  it('prepares again after an error of the server, but not after a lost connection', async () => {
    writer.start();
    for (const [answer, times] of [
      [resets, 1],
      [says(404), 2],
      [says(401), 3],
      [says(500), 4],
    ] as const) {
      fake.next.push(answer);
      const before = writer.state.written;
      add(1, 1);
      await eventually('written', () => writer.state.written === before + 1);
      assert.equal(prepared, times);
    }
  });

  it('keeps all points while preparation fails', async () => {
    let ready = false;
    make({
      prepare: () =>
        ready
          ? Promise.resolve()
          : Promise.reject(new SinkUnavailable('unauthorized', 'cannot read the password')),
    });
    writer.start();
    add(1, 5);
    await eventually('tried', () => writer.state.failures.unauthorized >= 2);
    assert.equal(fake.requests.length, 0);
    assert.equal(writer.state.error, 'cannot read the password');
    ready = true;
    await eventually('written', () => writer.state.written === 5);
  });

  it('treats an unknown error as an outage', async () => {
    make({
      sink: { write: () => Promise.reject(new TypeError('a mistake of ours')) },
    });
    writer.start();
    add(1, 2);
    await eventually('failed', () => writer.state.failures.busy >= 2);
    assert.equal(writer.state.error, 'a mistake of ours');
  });

  it('writes the queued points when it is closed', async () => {
    writer.start();
    add(1, 25);
    await writer.close(1_000);
    assert.deepEqual(fake.written, lines(1, 25));
    writer.add('m v=1i 1');
    assert.equal(writer.state.dropped.end, 1);
  });

  it('closes in time even if the server hangs, and counts the lost points', async () => {
    fake.answer = after(30, says(204));
    client.close();
    client = new InfluxClient({ url: fake.url, database: 'd', timeoutMs: 10_000 });
    make();
    writer.start();
    add(1, 25);
    await eventually('one batch', () => writer.state.written === 10);
    fake.answer = hangs;
    const startedMs = performance.now();
    await writer.close(100);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 400, `${tookMs} ms`);
    const { written, dropped, queuedLines } = writer.state;
    assert.equal(queuedLines, 0);
    assert.equal(written + dropped.end, 25);
    assert.equal(notes.at(-1)?.message, 'points were not written before the daemon ended');
  });

  it('tries exactly once more when it is closed during an outage', async () => {
    fake.answer = resets;
    make({ retry: { minMs: 60_000, maxMs: 60_000 } });
    writer.start();
    add(1, 30);
    await eventually('failed', () => writer.state.failures.unreachable === 1);
    await writer.close(5_000);
    assert.equal(writer.state.failures.unreachable, 2);
    assert.equal(writer.state.dropped.end, 30);
  });

  it('waits between attempts', async () => {
    make({ retry: { minMs: 80, maxMs: 80 } });
    fake.answer = resets;
    writer.start();
    add(1, 40);
    await sleep(300);
    const tries = writer.state.failures.unreachable;
    assert.ok(tries >= 2 && tries <= 8, `${tries} tries in 300 ms`);
  });
});

function lines(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `m v=${from + i}i ${from + i}`);
}

function byNumber(a: string, b: string): number {
  return Number(a.split(' ')[2]) - Number(b.split(' ')[2]);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
