import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getTls, type RequestOptions } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import {
  type HttpService,
  type HttpSettings,
  startHttpServer,
} from '../../../server/http/http-server.ts';
import { TlsFilesUnusable } from '../../../server/http/tls-files-unusable.ts';
import { SecretFileExposed, SecretFileUnusable } from '../../../platform/secret-file.ts';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { needs } from '../../support/needs.ts';
import { ownProgram } from '../../support/own-program.ts';
import { PrometheusServer } from '../../support/prometheus-server.ts';
import { FakeView } from '../../support/fake-view.ts';
import { loopbackSettings } from '../support/http-settings.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTlsFiles } from '../support/tls-files.ts';

const TOKEN = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ';

describe('access over HTTP', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let service: HttpService | undefined;
  let lines: Record<string, unknown>[];

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await service?.close();
    service = undefined;
    folder.remove();
  });

  async function start(settings: Partial<HttpSettings> = {}): Promise<string> {
    const recording = recordingLog();
    lines = recording.lines;
    const sources = { view: new FakeView(), metrics: new Exposition(new Registry()) };
    service = await startHttpServer({ ...loopbackSettings(), ...settings }, sources, recording.log);
    return service.url;
  }

  /** Writes a file that only its owner may read. */
  function secret(name: string, text: string): string {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    return path;
  }

  describe('on loopback', () => {
    it('accepts addresses, localhost and configured names in Host, and no others', async () => {
      const url = await start({ hostNames: ['node1.example'] });
      for (const host of [
        'localhost',
        'LOCALHOST:80',
        '127.0.0.1:9464',
        '[::1]:1',
        'node1.example',
      ]) {
        assert.equal((await answer(url, { host })).status, 200, host);
      }
      for (const host of ['evil.example', 'evil.example:80', 'localhost.evil.example', 'x:y']) {
        const { status, body } = await answer(url, { host });
        assert.equal(status, 421, host);
        assert.match(body, /http\.hostNames/);
      }
    });

    it('allows links from other sites and rejects their other requests', async () => {
      const url = await start();
      const cross = { 'sec-fetch-site': 'cross-site' };
      assert.equal((await answer(url, { ...cross, 'sec-fetch-mode': 'no-cors' })).status, 403);
      assert.equal((await answer(url, { ...cross, 'sec-fetch-mode': 'navigate' })).status, 200);
      assert.equal((await answer(url, { 'sec-fetch-site': 'same-origin' })).status, 200);
    });
  });

  describe('with a token', () => {
    it('accepts it as bearer token or as password, and rejects everything else', async () => {
      const url = await start({ tokenFile: secret('token', `${TOKEN}\n`) });
      for (const path of ['', 'metrics', 'healthz', 'api/v1/status', 'api/v1/stream', 'nothing']) {
        const { status, headers } = await answer(`${url}${path}`, {});
        assert.equal(status, 401, path);
        assert.match(String(headers['www-authenticate']), /Basic realm="norikae".*Bearer/);
      }
      assert.equal((await answer(url, { authorization: `Bearer ${TOKEN}` })).status, 200);
      assert.equal((await answer(url, { authorization: `bearer  ${TOKEN}` })).status, 200);
      assert.equal((await answer(url, { authorization: basic('anybody', TOKEN) })).status, 200);
      const wrong = ['Bearer', 'Bearer x', `Token ${TOKEN}`, TOKEN, basic(TOKEN, ''), 'Basic %'];
      for (const authorization of wrong) {
        assert.equal((await answer(url, { authorization })).status, 401, authorization);
      }
    });

    it('rate-limits guesses, but not the valid token', async () => {
      const url = await start({ tokenFile: secret('token', TOKEN) });
      const statuses: number[] = [];
      for (let i = 0; i < 14; i++) {
        statuses.push((await answer(url, { authorization: `Bearer ${i}` })).status);
      }
      assert.deepEqual(statuses, [...Array<number>(10).fill(401), ...Array<number>(4).fill(429)]);
      const { headers } = await answer(url, { authorization: 'Bearer x' });
      assert.ok(Number(headers['retry-after']) >= 1 && Number(headers['retry-after']) <= 10);
      assert.equal((await answer(url, { authorization: `Bearer ${TOKEN}` })).status, 200);
      // A request without credentials is not a guess.
      assert.equal((await answer(url, {})).status, 401);
    });

    it('uses the new one after a reload, and keeps the old one if the file is invalid', async () => {
      const file = secret('token', TOKEN);
      const url = await start({ tokenFile: file });
      const other = TOKEN.split('').toReversed().join('');
      writeFileSync(file, other);
      await service?.reload();
      assert.equal((await answer(url, { authorization: `Bearer ${TOKEN}` })).status, 401);
      assert.equal((await answer(url, { authorization: `Bearer ${other}` })).status, 200);
      chmodSync(file, 0o644);
      await service?.reload();
      assert.match(String(lines.at(-1)?.error), /chmod 0600/);
      assert.equal((await answer(url, { authorization: `Bearer ${other}` })).status, 200);
    });

    it('reloads when the file changes', async () => {
      const file = secret('token', TOKEN);
      const url = await start({ tokenFile: file });
      const other = `${TOKEN}${TOKEN}`;
      writeFileSync(file, other);
      const end = performance.now() + 8_000;
      while ((await answer(url, { authorization: `Bearer ${other}` })).status === 401) {
        assert.ok(performance.now() < end);
        await new Promise((resolve) => setTimeout(resolve, 900));
      }
    }).timeout(10_000);

    it('does not start when the token is too short or other users can read it', async () => {
      await assert.rejects(start({ tokenFile: secret('token', 'short') }), SecretFileUnusable);
      await assert.rejects(
        start({ tokenFile: secret('token', `${TOKEN} ${TOKEN}`) }),
        SecretFileUnusable,
      );
      await assert.rejects(start({ tokenFile: join(folder.path, 'none') }), SecretFileUnusable);
      const file = secret('token', TOKEN);
      chmodSync(file, 0o604);
      await assert.rejects(start({ tokenFile: file }), SecretFileExposed);
    });
  });

  describe('with users', () => {
    it('accepts a password that norikae hash-password has hashed', async () => {
      const line = hashedByCommand('prometheus', 'correct horse');
      const users = `# users\n${line}\nother:${quickHash('x')}\n`;
      const url = await start({ users: secret('users', users) });
      const valid = basic('prometheus', 'correct horse');
      assert.equal((await answer(url, { authorization: valid })).status, 200);
      for (const [user, password] of [
        ['other', 'correct horse'],
        ['nobody', 'correct horse'],
        ['prometheus', ''],
      ]) {
        assert.equal((await answer(url, { authorization: basic(user, password) })).status, 401);
      }
      // Cached by now: a scrape does not hash.
      const startMs = performance.now();
      for (let i = 0; i < 20; i++) {
        assert.equal((await answer(url, { authorization: valid })).status, 200);
      }
      assert.ok(performance.now() - startMs < 2_000);
    }).timeout(60_000);

    it('hashes one at a time, and rejects requests when the queue is full', async () => {
      const url = await start({ users: secret('users', `a:${quickHash('b', 15, 4)}`) });
      const many = Array.from({ length: 9 }, (_, i) =>
        answer(url, { authorization: basic('a', `guess ${i}`) }),
      );
      const statuses = (await Promise.all(many)).map(({ status }) => status);
      assert.equal(statuses.filter((s) => s === 401).length, 4, String(statuses));
      assert.equal(statuses.filter((s) => s === 429).length, 5, String(statuses));
    }).timeout(20_000);

    it('does not start with an invalid file', async () => {
      for (const text of [
        '',
        '# none\n',
        'a\n',
        ':x\n',
        'a:plain\n',
        'a:$scrypt$ln=40,r=8,p=1$aa$bb\n',
      ]) {
        await assert.rejects(start({ users: secret('users', text) }), SecretFileUnusable, text);
      }
    });
  });

  describe('over TLS', () => {
    before(function () {
      needs(this, 'openssl');
    });

    it('speaks version 1.2 and later, and no plain HTTP', async () => {
      const tls = makeTlsFiles(folder.path, 'first');
      const url = await start({ tls, tokenFile: secret('token', TOKEN) });
      assert.match(url, /^https:\/\/127\.0\.0\.1:\d+\/$/);
      const ca = readFileSync(tls.certificate);
      const headers = { authorization: `Bearer ${TOKEN}` };
      const options = { ca, headers, agent: false } as const;
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const both = { minVersion: version, maxVersion: version };
        assert.equal(await statusOverTls(url, { ...options, ...both }), 200);
      }
      const old = {
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      } as const;
      await assert.rejects(statusOverTls(url, { ...options, ...old }), {
        code: /^(EPROTO|ERR_SSL)/,
      });
      await assert.rejects(answer(url.replace('https', 'http'), headers));
      assert.equal(await statusOverTls(url, { ca, agent: false }), 401);
    });

    it('uses a new certificate once its key is there, too', async () => {
      const tls = makeTlsFiles(folder.path, 'used');
      const next = makeTlsFiles(folder.path, 'next');
      const url = await start({ tls });
      const old = readFileSync(tls.certificate);
      const ca = readFileSync(next.certificate);
      copyFileSync(next.certificate, tls.certificate);
      await service?.reload();
      assert.match(String(lines.at(-1)?.error), /cannot be used together/);
      assert.equal(await statusOverTls(url, { ca: old, agent: false }), 200);
      copyFileSync(next.key, tls.key);
      await service?.reload();
      assert.equal(await statusOverTls(url, { ca, agent: false }), 200);
      await assert.rejects(statusOverTls(url, { ca: old, agent: false }));
    });

    it('does not start when other users can read the key, or certificate and key do not match', async () => {
      const tls = makeTlsFiles(folder.path, 'one');
      const other = makeTlsFiles(folder.path, 'other');
      await assert.rejects(start({ tls: { ...tls, key: other.key } }), TlsFilesUnusable);
      await assert.rejects(start({ tls: { ...tls, certificate: '/none' } }), TlsFilesUnusable);
      chmodSync(tls.key, 0o644);
      await assert.rejects(start({ tls }), SecretFileExposed);
    });

    it('does not wait for the writer of a named pipe', async () => {
      const tls = makeTlsFiles(folder.path, 'one');
      const certificate = join(folder.path, 'pipe');
      spawnSync('mkfifo', [certificate]);
      await assert.rejects(start({ tls: { ...tls, certificate } }), TlsFilesUnusable);
    });

    it('lets a real Prometheus scrape with a token, and with a user and password', async function () {
      needs(this, 'prometheus');
      const tls = makeTlsFiles(folder.path, 'scraped');
      const tokenFile = secret('token', TOKEN);
      const url = await start({ tls, tokenFile, users: secret('users', `p:${quickHash('x')}`) });
      const ways = [
        { authorization: { credentials_file: tokenFile } },
        { basic_auth: { username: 'p', password: 'x' } },
      ];
      const scheme = { scheme: 'https', tls_config: { ca_file: tls.certificate } };
      const servers = await Promise.all(
        ways.map((way) => PrometheusServer.start(new URL(url).host, [], { ...scheme, ...way })),
      );
      try {
        for (const server of servers) {
          const end = performance.now() + 20_000;
          while ((await server.query('up{job="norikae"} == 1')).length === 0) {
            assert.ok(performance.now() < end, 'Prometheus is not admitted');
            await new Promise((resolve) => setTimeout(resolve, 300));
          }
        }
      } finally {
        await Promise.all(servers.map((server) => server.stop()));
      }
    }).timeout(60_000);

    it('limits the handshakes of one address', async () => {
      const tls = makeTlsFiles(folder.path, 'busy');
      const url = await start({ tls });
      const options = { ca: readFileSync(tls.certificate), agent: false } as const;
      const all = Array.from({ length: 150 }, () => statusOverTls(url, options));
      const results = await Promise.allSettled(all);
      const refused = results.filter((r) => r.status === 'rejected').length;
      assert.ok(refused >= 20 && refused <= 90, `${refused} refused`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(await statusOverTls(url, options), 200);
    }).timeout(20_000);
  });

  it('warns when remote access is allowed without authentication and TLS', async () => {
    await start({ host: '0.0.0.0', allowRemote: true });
    assert.deepEqual(
      lines.map((line) => line.level),
      ['warn', 'warn'],
    );
  });

  function hashedByCommand(name: string, password: string): string {
    const args = [...ownProgram('cli/main'), 'hash-password', name];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      input: `${password}\n`,
      encoding: 'utf8',
      timeout: 15_000,
    });
    assert.match(stdout, new RegExp(`^${name}:\\$scrypt\\$ln=15,r=8,p=3\\$`), stderr);
    return stdout.trim();
  }
});

/** A cheap hash by default; `logN` and `p` make it slower. */
function quickHash(password: string, logN = 10, p = 1): string {
  const salt = Buffer.alloc(16, 1);
  const hash = scryptSync(password, salt, 32, { N: 2 ** logN, r: 8, p, maxmem: 2 ** 27 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${logN},r=8,p=${p}$${text(salt)}$${text(hash)}`;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function answer(url: string, headers: Record<string, string>) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
  let body = '';
  response.setEncoding('utf8');
  // A stream has no end.
  if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
    response.destroy();
  } else {
    for await (const chunk of response) body += chunk;
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function statusOverTls(url: string, options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    getTls(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}
