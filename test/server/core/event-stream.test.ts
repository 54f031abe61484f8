import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EventStreams,
  STREAM_LIMITS,
  type StreamLimits,
} from '../../../server/routes/event-streams.ts';
import { closeServer, limitedServer } from '../../../server/core/limited-server.ts';
import { router } from '../../../server/core/routes.ts';
import { decisionOf, FakeView, statusOf } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { eventually } from '../../support/eventually.ts';

interface Event {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

describe('event stream', function () {
  this.timeout(20_000);
  let view: FakeView;
  let server: Server;
  let streams: EventStreams;
  let port: number;
  const sockets: Socket[] = [];

  beforeEach(() => {
    view = new FakeView();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    streams.close();
    await closeServer(server);
  });

  async function start(limits: Partial<StreamLimits> = {}): Promise<void> {
    const { log } = recordingLog();
    streams = new EventStreams(view, log, { ...STREAM_LIMITS, minPeriodMs: 0, ...limits });
    const route = { method: 'GET', path: '/s', summary: '' } as const;
    const handle = ({ response }: { response: Parameters<EventStreams['open']>[0] }): void =>
      streams.open(response);
    server = limitedServer(router([{ ...route, handle }], log));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    port = address.port;
  }

  /** A connection that has requested the stream and reads nothing yet. */
  function requestStream(): Socket {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET /s HTTP/1.1\r\nhost: localhost\r\n\r\n');
    sockets.push(socket);
    return socket;
  }

  /** All events that a connection has received so far. */
  function reading(socket: Socket): () => readonly Event[] {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.resume();
    return () =>
      // The length lines of the chunked encoding are not fields and are dropped.
      text
        .split('\n\n')
        .slice(0, -1)
        .flatMap((block): Event[] => {
          const field = (name: string): string | undefined =>
            new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
          const [id, event, data] = [field('id'), field('event'), field('data')];
          if (id === undefined || event === undefined || data === undefined) return [];
          return [{ id, event, data: JSON.parse(data) }];
        });
  }

  it('starts with the last tick, and sends decisions and ticks in order', async () => {
    await start();
    const events = reading(requestStream());
    await eventually('the first event', () => events().length === 1);
    view.decide(decisionOf({ id: 'd-1' }));
    view.decide(decisionOf({ id: 'd-2' }));
    view.tick();
    await eventually('4 events', () => events().length === 4);
    assert.deepEqual(
      events().map((e) => e.event),
      ['tick', 'decision', 'decision', 'tick'],
    );
    assert.deepEqual(events()[0].data, { status: view.state, point: view.point() });
    assert.deepEqual(events()[1].data, decisionOf({ id: 'd-1' }));
    assert.equal(new Set(events().map((e) => e.id)).size, 4);
  });

  it('builds each event once for all readers, and none without readers', async () => {
    await start();
    view.tick();
    assert.deepEqual(view.asked, []);
    const readers = [reading(requestStream()), reading(requestStream()), reading(requestStream())];
    await eventually('each reader has had 1', () =>
      readers.every((events) => events().length === 1),
    );
    view.asked.length = 0;
    view.tick();
    await eventually('each reader has had 2', () =>
      readers.every((events) => events().length === 2),
    );
    assert.deepEqual(view.asked, ['status']);
    for (const socket of sockets) socket.destroy();
    await eventually(
      'no listener is left',
      () => view.listeners.size === 0 && view.decisionListeners.size === 0,
    );
  });

  it('keeps the newest tick and a bounded number of decisions for a slow reader', async () => {
    await start();
    // A large tick fills the kernel's buffers soon.
    view.state = statusOf({ node: 'x'.repeat(100_000) });
    const socket = requestStream();
    await eventually('a listener', () => view.listeners.size === 1);
    for (let n = 0; n < 400; n++) {
      for (let i = 0; i < 5; i++) view.decide(decisionOf({ id: `${n}-${i}` }));
      view.state = { ...view.state, tick: { ...view.state.tick, sequence: n } };
      view.tick();
      if (n % 20 === 0) await sleep(1);
    }
    const events = reading(socket);
    await eventually('the last tick', () => sequenceOf(events().at(-1)) === 399);
    const ticks = events().filter((e) => e.event === 'tick');
    assert.ok(ticks.length < 200, `${ticks.length} of 400 ticks`);
    const decisions = events().filter((e) => e.event === 'decision').length;
    const lost = events()
      .filter((e) => e.event === 'lost')
      .reduce((sum, e) => sum + Number(Object(e.data).decisions), 0);
    assert.ok(lost > 0);
    assert.equal(decisions + lost, 2_000);
  });

  it('limits the decisions sent per tick, and counts the others', async () => {
    await start({ decisionsPerTick: 3 });
    const events = reading(requestStream());
    await eventually('the first event', () => events().length === 1);
    for (let i = 0; i < 10; i++) view.decide(decisionOf({ id: `d-${i}` }));
    view.tick();
    await eventually('a tick', () => events().at(-1)?.event === 'tick' && events().length > 1);
    assert.deepEqual(events().filter((e) => e.event === 'lost')[0].data, { decisions: 7 });
    assert.equal(events().filter((e) => e.event === 'decision').length, 3);
  });

  it('does not report decisions that were lost before the first reader', async () => {
    await start({ decisionsPerTick: 3 });
    const gone = requestStream();
    const first = reading(gone);
    await eventually('the first event of the first reader', () => first().length === 1);
    for (let i = 0; i < 10; i++) view.decide(decisionOf({ id: `d-${i}` }));
    gone.destroy();
    await eventually('no listener is left', () => view.listeners.size === 0);
    const events = reading(requestStream());
    await eventually('the first event', () => events().length === 1);
    view.tick();
    await eventually('a second event', () => events().length >= 2);
    assert.deepEqual(
      events().map((e) => e.event),
      ['tick', 'tick'],
    );
  });

  it('disconnects a reader that reads nothing', async () => {
    await start({ stuckMs: 500 });
    view.state = statusOf({ node: 'x'.repeat(1_000_000) });
    requestStream();
    await eventually('a listener', () => view.listeners.size === 1);
    const ticks = setInterval(() => view.tick(), 5);
    try {
      await eventually('no listener is left', () => view.listeners.size === 0);
    } finally {
      clearInterval(ticks);
    }
  });

  it('sends heartbeat comments, so that proxies keep the connection open', async () => {
    await start({ heartbeatMs: 500 });
    const socket = requestStream();
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.resume();
    await eventually('a sign of life', () => /\n:\n\n/.test(text));
    assert.match(text, /\r\n\r\n[0-9a-f]+\r\nretry: 2000\n\n/);
  });

  it('limits the number of readers', async () => {
    await start({ streams: 2 });
    reading(requestStream());
    reading(requestStream());
    await eventually('two questions', () => view.asked.length === 2);
    const answer = await fetch(`http://127.0.0.1:${port}/s`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), { error: '2 streams are already open' });
  });

  it('does not fail the loop when it fails', async () => {
    await start();
    const socket = requestStream();
    socket.resume();
    await eventually('a listener', () => view.listeners.size === 1);
    view.failure = new Error('broken');
    view.tick();
    await once(socket, 'close');
    await eventually('no listener is left', () => view.listeners.size === 0);
  });
});

function sequenceOf(event: Event | undefined): unknown {
  return event?.event === 'tick' ? Object(event.data).status.tick.sequence : undefined;
}
