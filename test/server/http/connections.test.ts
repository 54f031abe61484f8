import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Registry } from 'prom-client';
import { closeServer, limitedServer } from '../../../server/core/limited-server.ts';
import { type Route, router } from '../../../server/core/routes.ts';
import { ConnectionGuard } from '../../../server/http/connection-guard.ts';
import { httpRoutes } from '../../../server/http/http-routes.ts';
import { EventStreams, STREAM_LIMITS } from '../../../server/routes/event-streams.ts';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeView } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';

const CONNECTIONS = 6;
const STREAMS = 2;

describe('connections of the HTTP server', () => {
  let guard: ConnectionGuard;
  let streams: EventStreams;
  let server: Server;
  let port: number;
  let admitted: number;
  let pending: number;
  let clients: Client[];

  beforeEach(() => start(CONNECTIONS));

  async function start(connections: number): Promise<void> {
    const { log } = recordingLog();
    const sources = { view: new FakeView(), metrics: new Exposition(new Registry()) };
    guard = new ConnectionGuard(connections);
    streams = new EventStreams(sources.view, log, { ...STREAM_LIMITS, streams: STREAMS });
    admitted = 0;
    pending = 0;
    clients = [];
    const admit = async (): Promise<boolean> => {
      admitted++;
      return true;
    };
    const unanswered: Route = {
      method: 'GET',
      path: '/unanswered',
      summary: '',
      handle: () => {
        pending++;
      },
    };
    const routes = [...httpRoutes(sources, streams, guard), unanswered];
    server = limitedServer(router(routes, log, { admit }));
    guard.guard(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    port = address.port;
  }

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    streams.close();
    await closeServer(server);
  });

  /** Opens a connection, sends `text`, and waits for the first bytes or the end. */
  async function client(text: string): Promise<Client> {
    const opened = new Client(port);
    clients.push(opened);
    opened.socket.write(text);
    await opened.answered;
    return opened;
  }

  it('stay below the limit when streams are refused', async () => {
    const all: Client[] = [];
    for (let i = 0; i < 4 * CONNECTIONS; i++) all.push(await client(request('/api/v1/stream')));
    assert.deepEqual(
      all.map((c) => c.status),
      all.map((_, i) => (i < STREAMS ? 200 : 503)),
    );
    assert.equal(guard.size, CONNECTIONS);
    const isClosed = (): boolean => all.filter((c) => c.open).length === CONNECTIONS;
    await eventually('the others are closed', isClosed);
  });

  it('are refused a stream before they are authenticated', async () => {
    for (let i = 0; i < STREAMS; i++) await client(request('/api/v1/stream'));
    assert.equal(admitted, STREAMS);
    for (let i = 0; i < 10; i++) await client(request('/api/v1/stream?x=1'));
    assert.equal(admitted, STREAMS);
    const refused = await client(request('/api/v1/stream'));
    assert.match(refused.text, /\r\nretry-after: 5\r\n/i);
  });

  it('with a pending request replace each other but no stream', async () => {
    const live = await client(request('/api/v1/stream'));
    for (let i = 1; i <= 3 * CONNECTIONS; i++) {
      const busy = new Client(port);
      clients.push(busy);
      busy.socket.write(request('/unanswered'));
      await eventually('the request arrives', () => pending === i);
    }
    assert.equal(guard.size, CONNECTIONS);
    assert.equal(live.open, true);
  });

  it('are refused when all others are streams', async () => {
    await closeServer(server);
    await start(STREAMS);
    const live = [await client(request('/api/v1/stream')), await client(request('/api/v1/stream'))];
    const refused = await client('');
    assert.equal(refused.status, 503);
    assert.deepEqual(
      live.map((c) => c.open),
      [true, true],
    );
  });

  it('are refused, and idle ones closed, while descriptors are short', async () => {
    const live = await client(request('/api/v1/stream'));
    const idle = await client(request('/healthz'));
    guard.setRefusing(true);
    await eventually('the idle connection is closed', () => !idle.open);
    assert.equal((await client('')).status, 503);
    assert.equal(live.open, true);
    guard.setRefusing(false);
    assert.equal((await client(request('/healthz'))).status, 200);
  });
});

/** A connection that reads everything. */
class Client {
  readonly socket: Socket;
  /** Resolves at the first bytes, or when the connection is closed. */
  readonly answered: Promise<void>;
  text = '';
  open = true;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1');
    this.answered = new Promise((resolve) => {
      this.socket.on('data', (chunk: string) => {
        this.text += chunk;
        resolve();
      });
      this.socket.on('error', () => {});
      this.socket.on('close', () => {
        this.open = false;
        resolve();
      });
    });
  }

  /** Status of the first response; 0 without one. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0);
  }
}

function request(target: string): string {
  return `GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}
