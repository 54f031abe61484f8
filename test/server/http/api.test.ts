import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { type HttpService, startHttpServer } from '../../../server/http/http-server.ts';
import { staticRoutes, UnknownFileType } from '../../../server/http/static-files.ts';
import { limitedServer, closeServer } from '../../../server/core/limited-server.ts';
import { router } from '../../../server/core/routes.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { decisionOf, FakeView } from '../../support/fake-view.ts';
import { loopbackSettings } from '../support/http-settings.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('HTTP API', () => {
  let view: FakeView;
  let service: HttpService;
  let url: string;

  beforeEach(async () => {
    view = new FakeView();
    const sources = { view, metrics: new Exposition(new Registry()) };
    service = await startHttpServer(loopbackSettings(), sources, recordingLog().log);
    url = service.url;
  });

  afterEach(() => service.close());

  it('responds like the control socket', async () => {
    assert.deepEqual(await json('api/v1/status'), [200, view.state]);
    assert.deepEqual(await json('api/v1/flows?limit=1000&offset=20&word=a&word=b'), [
      200,
      view.page,
    ]);
    assert.deepEqual(view.queries.at(-1), {
      sort: 'rate',
      limit: 1000,
      offset: 20,
      words: ['a', 'b'],
    });
    const [status, answer] = await json('api/v1/flows/5b1f/why');
    assert.equal(status, 200);
    assert.match(JSON.stringify(answer), /"sentence":"The flow is on the NIC/);
    assert.deepEqual(await json('api/v1/decisions?flow=5b1f&limit=1'), [
      200,
      { kept: 1, lost: 0, decisions: [decisionOf()] },
    ]);
  });

  it('serves the last minutes in columns of equal length', async () => {
    const [status, history] = await json('api/v1/history');
    assert.equal(status, 200);
    assert.ok(typeof history === 'object' && history !== null && 'columns' in history);
    assert.deepEqual(
      Object.values(Object(history.columns)).map((c) => Object(c).length),
      Array.from({ length: 14 }, () => 1),
    );
    assert.deepEqual(Object(history.columns).coverage, [0.8333]);
  });

  it('says what is wrong with a query', async () => {
    assert.deepEqual(await json('api/v1/flows?limit=1001'), [
      400,
      { error: 'limit must be a number from 1 to 1000, not "1001"' },
    ]);
    const [status, body] = await json('api/v1/flows?slcie=red');
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /not .*slcie.*; did you mean slice\?/);
    assert.equal((await json('api/v1/decisions?limit=0'))[0], 400);
    assert.equal((await json(`api/v1/flows?word=${'x'.repeat(101)}`))[0], 400);
    assert.equal((await json('api/v1/flows/zz/nothing'))[0], 404);
    view.answer = { found: false, candidates: ['a', 'b'] };
    assert.deepEqual(await json('api/v1/flows/zz/why'), [404, view.answer]);
  });

  it('is read-only', async () => {
    for (const path of ['onload-all', 'resume', 'reload']) {
      const answer = await fetch(`${url}api/v1/${path}`, { method: 'POST' });
      assert.equal(answer.status, 404);
    }
    assert.deepEqual(view.asked, []);
  });

  it('lists its routes, and docs/api.md documents all of them', async () => {
    const [, index] = await json('api/v1');
    const docs = readFileSync(join(packageRoot(), 'docs', 'api.md'), 'utf8');
    const routes: readonly { method: string; path: string }[] = Object(index).routes;
    assert.ok(routes.length >= 7);
    for (const { method, path } of routes) {
      assert.ok(
        docs.includes(`\n### \`${method} ${path}\`\n`),
        `${method} ${path} is not in docs/api.md`,
      );
    }
  });

  it('sends strict headers with every response', async () => {
    for (const path of ['', 'metrics', 'healthz', 'api/v1/status', 'nothing']) {
      const { headers } = await fetch(`${url}${path}`);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; /, path);
      assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe/, path);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
      assert.equal(headers.get('cache-control'), path === '' ? 'no-cache' : 'no-store', path);
    }
  });

  async function json(path: string): Promise<readonly [number, unknown]> {
    const answer = await fetch(`${url}${path}`);
    return [answer.status, await answer.json()];
  }
});

describe('static files over HTTP', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: ReturnType<typeof limitedServer>;
  let url: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder.path, name), text);
      return join(folder.path, name);
    };
    const routes = staticRoutes([
      { path: '/', file: file('index.html', '<!doctype html>') },
      { path: '/page/app.js', file: file('app.js', `// ${'x'.repeat(5_000)}`) },
    ]);
    server = limitedServer(router(routes, recordingLog().log));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    url = `http://127.0.0.1:${address.port}`;
  });

  afterEach(async () => {
    await closeServer(server);
    folder.remove();
  });

  it('have a type and an ETag, and are not sent again while unchanged', async () => {
    const first = await fetch(`${url}/`);
    assert.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(await first.text(), '<!doctype html>');
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]{22}"$/);
    const again = await fetch(`${url}/`, { headers: { 'if-none-match': `"x", W/${etag}` } });
    assert.deepEqual([again.status, await again.text()], [304, '']);
    const changed = await fetch(`${url}/`, { headers: { 'if-none-match': '"x"' } });
    assert.equal(changed.status, 200);
  });

  it('are compressed for clients that accept gzip, with a different ETag', async () => {
    const path = `${url}/page/app.js`;
    const packed = await fetch(path, { headers: { 'accept-encoding': 'br, gzip;q=0.5' } });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.ok(Number(packed.headers.get('content-length')) < 500);
    assert.equal((await packed.text()).length, 5_003);
    const plain = await fetch(path, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.notEqual(plain.headers.get('etag'), packed.headers.get('etag'));
  });

  it('are only those that were listed', async () => {
    for (const path of [
      '/page/',
      '/page/../app.js',
      '/app.js',
      '/page/%2e%2e/app.js',
      '/page/app.js/',
    ]) {
      assert.equal((await fetch(`${url}${path}`)).status, 404, path);
    }
    assert.throws(() => staticRoutes([{ path: '/x', file: '/etc/passwd' }]), UnknownFileType);
  });
});
