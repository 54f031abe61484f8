import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import { loadConfig, parseConfig } from '../../config/load-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('configuration of the collector of decisions', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());

  function textOf(collector: object): string {
    return JSON.stringify({
      node: { adapter: 'emulator' },
      policies: ['p.json'],
      decisions: { collector },
    });
  }

  function problemsOf(collector: object): readonly string[] {
    try {
      parseConfig(textOf(collector), '/etc/norikae/norikae.json');
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
      throw error;
    }
    return [];
  }

  it('needs a URL alone, and resolves the paths of files', () => {
    const collector = { url: 'https://logs.example.net/', tokenFile: 'token', caFile: 'ca.pem' };
    const { decisions } = parseConfig(textOf(collector), '/etc/norikae/norikae.json');
    assert.equal(decisions.collector?.tokenFile, '/etc/norikae/token');
    assert.equal(decisions.collector?.caFile, '/etc/norikae/ca.pem');
    assert.deepEqual(decisions.collector?.queue, { records: 100_000, bytes: 67_108_864 });
    assert.equal(parseConfig(textOf({ url: 'http://a/' }), '/a/b').decisions.memory, 10_000);
  });

  it('refuses secrets in the URL, and other schemes', () => {
    assert.deepEqual(problemsOf({ url: 'http://a:b@c/' }), [
      '"decisions.collector.url" must not contain a user or password; use "tokenFile"',
    ]);
    assert.match(problemsOf({ url: 'ftp://c/' }).join(''), /must begin with http: or https:/);
    assert.match(problemsOf({ url: 'nowhere' }).join(''), /must be like/);
  });

  it('refuses a queue that holds less than a request, and waits that shrink', () => {
    const url = 'http://a/';
    assert.deepEqual(problemsOf({ url, queue: { records: 10 } }), [
      '"decisions.collector.queue.records" (10) must not be below "decisions.collector.batch.records" (1000)',
    ]);
    assert.match(
      problemsOf({ url, retry: { minMs: 5_000, maxMs: 10 } }).join(''),
      /"decisions.collector.retry.maxMs"/,
    );
  });

  it('refuses a token that others can read', async () => {
    writeFileSync(join(folder.path, 'token'), 'sesame', { mode: 0o644 });
    const file = join(folder.path, 'norikae.json');
    writeFileSync(file, textOf({ url: 'http://127.0.0.1/', tokenFile: 'token' }));
    await assert.rejects(loadConfig(file), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.problems[0].message, /decisions\.collector\.tokenFile|token/);
      return true;
    });
  });
});
