import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import type { HttpConfig } from '../../../config/config.ts';
import { type HttpService, startHttpServer } from '../../../server/http/http-server.ts';
import { HttpListenFailed, HttpPortTaken } from '../../../server/http/listen.ts';
import { loopbackSettings } from '../support/http-settings.ts';
import { FakeView, statusOf } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';

describe('HTTP server', () => {
  let view: FakeView;
  let registry: Registry;
  const services: HttpService[] = [];

  beforeEach(() => {
    view = new FakeView();
    registry = new Registry();
  });

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
  });

  async function start(
    settings: Partial<HttpConfig> = {},
    { log } = recordingLog(),
  ): Promise<string> {
    const where = { ...loopbackSettings(), ...settings };
    const service = await startHttpServer(where, { view, metrics: new Exposition(registry) }, log);
    services.push(service);
    return service.url;
  }

  it('serves the registry to Prometheus', async () => {
    new Counter({ name: 'norikae_ticks_total', help: 'Ticks.', registers: [registry] }).inc(3);
    const answer = await fetch(`${await start()}metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await answer.text(), /^norikae_ticks_total 3$/m);
  });

  it('serves OpenMetrics to a scraper that accepts it', async () => {
    new Counter({ name: 'norikae_ticks_total', help: 'Ticks.', registers: [registry] }).inc(3);
    const accept = 'application/openmetrics-text; version=1.0.0, text/plain; q=0.5';
    const answer = await fetch(`${await start()}metrics`, { headers: { accept } });
    assert.match(answer.headers.get('content-type') ?? '', /^application\/openmetrics-text; v/);
    assert.match(await answer.text(), /^norikae_ticks_total 3\n# EOF\n$/m);
  });

  it('is alive while ticks arrive, including stale ones', async () => {
    const url = await start();
    view.state = statusOf({ tick: { ...view.state.tick, fresh: false } });
    assert.equal((await fetch(`${url}healthz`)).status, 200);
    view.state = statusOf({ tick: { ...view.state.tick, ageMs: 60_000 } });
    const answer = await fetch(`${url}healthz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), {
      ok: false,
      causes: ['the last tick is 60000 ms old'],
    });
  });

  it('allows 30 s for the first tick', async () => {
    const url = await start();
    const tick = { ...view.state.tick, sequence: 0, ageMs: null, fresh: false };
    view.state = statusOf({ tick, uptimeMs: 1_000 });
    assert.equal((await fetch(`${url}healthz`)).status, 200);
    assert.equal((await fetch(`${url}readyz`)).status, 503);
    view.state = statusOf({ tick, uptimeMs: 100_000 });
    assert.equal((await fetch(`${url}healthz`)).status, 503);
  });

  it('is ready when flows can be placed, held or not, and otherwise names every cause', async () => {
    const url = await start();
    assert.equal((await fetch(`${url}readyz`)).status, 200);
    view.state = statusOf({ held: true });
    assert.equal((await fetch(`${url}readyz`)).status, 200);
    const { backend, tick, sources, policies } = view.state;
    assert.ok(backend !== null);
    view.state = statusOf({
      tick: { ...tick, fresh: false },
      sources: sources.map((s) => ({ ...s, fresh: false, error: 'ECONNREFUSED' })),
      backend: { ...backend, started: false, error: 'no bpffs' },
      policies: { ...policies, rules: 0 },
    });
    const answer = await fetch(`${url}readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), {
      ok: false,
      causes: [
        'source flows is stale: ECONNREFUSED',
        'backend emulated-nic is not started: no bpffs',
        'no rule is in force',
      ],
    });
  });

  it('serves the live page and every file that it references', async () => {
    const url = await start();
    const page = await (await fetch(url)).text();
    const named = [...page.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => path);
    assert.ok(named.includes('assets/page/main.js'));
    const imported = ['page/vendor/preact.js', 'page/vendor/uplot.js', 'text/format.js'];
    for (const path of [...named, ...imported.map((name) => `assets/${name}`)]) {
      const answer = await fetch(`${url}${path}`);
      assert.equal(answer.status, 200, path);
      assert.ok((await answer.text()).length > 100, path);
    }
    for (const name of ['page/main.ts', 'page/vendor/preact.d.ts', 'page/tsconfig.json']) {
      assert.equal((await fetch(`${url}assets/${name}`)).status, 404, name);
    }
    assert.equal((await fetch(`${url}assets/server/http/page-files.js`)).status, 404);
  });

  it('rejects other paths and methods', async () => {
    const url = await start();
    assert.equal((await fetch(`${url}etc/passwd`)).status, 404);
    const answer = await fetch(`${url}metrics`, { method: 'DELETE' });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET']);
    const head = await fetch(`${url}metrics`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });

  it('rejects huge headers and bytes that are not HTTP, and keeps serving', async () => {
    const url = await start();
    const huge = await raw(url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    assert.match(huge, /^HTTP\/1\.1 431 /);
    assert.match(await raw(url, 'HELO there\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.equal((await fetch(url)).status, 200);
  });

  it('answers 500 when the registry fails, and logs the cause without sending it', async () => {
    const { log, lines } = recordingLog();
    registry.getMetricsAsJSON = () => Promise.reject(new Error('collect failed'));
    const answer = await fetch(`${await start({}, { log, lines })}metrics`);
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), { error: 'internal error; see the log of the daemon' });
    assert.equal(lines.at(-1)?.msg, 'request failed');
    assert.match(JSON.stringify(lines.at(-1)), /collect failed/);
  });

  it('fails when the port is in use or uses another, as configured', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { port } = address;
    await assert.rejects(start({ port }), (error) => {
      assert.ok(error instanceof HttpPortTaken);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} is in use`));
      return true;
    });
    const { log, lines } = recordingLog();
    const url = await start({ port, ifTaken: 'any' }, { log, lines });
    assert.notEqual(new URL(url).port, String(port));
    assert.equal((await fetch(url)).status, 200);
    assert.match(String(lines[0].msg), new RegExp(`port ${port} is in use`));
    other.close();
  });

  it('fails on an address that this host does not have', async () => {
    await assert.rejects(start({ host: '192.0.2.1' }), HttpListenFailed);
  });
});

/** Sends bytes and returns the whole response. */
async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return text;
}
