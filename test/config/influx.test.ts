import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import type { InfluxConfig } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { FileReader } from '../../platform/regular-file.ts';
import { readSecretLine } from '../../platform/secret-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GOOD = '"url": "http://127.0.0.1:8086", "database": "norikae"';

describe('configuration of InfluxDB', () => {
  const folder = temporaryFolder();
  const secret = join(folder.path, 'secret');
  const file = join(folder.path, 'norikae.json');
  const readLine = (path: string): Promise<string> =>
    readSecretLine({ path, setting: 'x', reader: new FileReader() });

  beforeEach(() => write('sesame\n', 0o600));
  after(() => folder.remove());

  function write(text: string, mode: number): void {
    writeFileSync(secret, text);
    chmodSync(secret, mode);
  }

  async function load(influx: string): Promise<InfluxConfig | undefined> {
    const setting = `,\n"influx": {${influx}}`;
    writeFileSync(file, `{"node": {"adapter": "emulator"}, "policies": ["p"]${setting}}`);
    return (await loadConfig(file)).influx;
  }

  /** Every problem as `line:column: message`. */
  async function problemsOf(influx: string): Promise<readonly string[]> {
    try {
      await load(influx);
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return error.problems.map((p) => `${p.line}:${p.column}: ${p.message}`);
    }
    return [];
  }

  it('is optional, and has defaults', async () => {
    writeFileSync(file, '{"node": {"adapter": "emulator"}, "policies": ["p"]}');
    assert.equal((await loadConfig(file)).influx, undefined);
    const influx = await load(GOOD);
    assert.deepEqual(influx?.batch, { points: 2000, bytes: 524288, waitMs: 1000 });
    assert.deepEqual([influx?.topFlows, influx?.create, influx?.periodMs], [0, false, 5000]);
  });

  it('resolves secrets relative to the file', async () => {
    const influx = await load(`${GOOD}, "username": "nk", "passwordFile": "secret"`);
    assert.equal(influx?.passwordFile, secret);
    assert.equal((await load(`${GOOD}, "tokenFile": "./secret"`))?.tokenFile, secret);
    assert.doesNotMatch(JSON.stringify(influx), /sesame/);
  });

  const mistakes: [string, string, RegExp][] = [
    ['no address', GOOD.replace('http://127.0.0.1:8086', 'localhost'), /^2:19: .* be like/],
    ['another protocol', GOOD.replace('http', 'udp'), /^2:19: .*not with udp:$/],
    ['a password in the address', GOOD.replace('//', '//a:b@'), /^2:19: .*"passwordFile"$/],
    ['a query in the address', GOOD.replace('8086', '8086/?u=a'), /^2:19: .*without "\?"/],
    ['a name with quotes', GOOD.replace('norikae', 'a\\"b'), /^2:56: "influx.database" has/],
    ['a user without a password', `${GOOD}, "username": "nk"`, /^2:79: .*must be set together/],
    [
      'a password without a user',
      `${GOOD}, "passwordFile": "secret"`,
      /^2:83: .*must be set together/,
    ],
    [
      'a user and a token',
      `${GOOD}, "username": "nk", "passwordFile": "secret", "tokenFile": "secret"`,
      /set only one of them$/,
    ],
    ['a token and create', `${GOOD}, "tokenFile": "secret", "create": true`, /2.x cannot create/],
    ['a secret that is not there', `${GOOD}, "tokenFile": "gone"`, /^2:80: .*gone .*ENOENT/],
    ['authorities that are not there', `${GOOD}, "caFile": "gone"`, /^2:77: .*gone .*ENOENT/],
    [
      'a strange time to keep',
      `${GOOD}, "retention": {"policy": "a", "duration": "30m"}`,
      /^2:108: .*not "30m"$/,
    ],
    ['a queue below a batch', `${GOOD}, "queue": {"points": 5}`, /^2:87: .*\(5\).*\(2000\)/],
    [
      'a batch above the queue',
      `${GOOD}, "batch": {"bytes": 16777216}, "queue": {"bytes": 5000}`,
      /below/,
    ],
    ['a longest wait below the shortest', `${GOOD}, "retry": {"maxMs": 500}`, /^2:86: .*below/],
    ['too many flows', `${GOOD}, "topFlows": 101`, /^2:79: .* must be 100 or less, not 101$/],
    ['a key that is not known', `${GOOD}, "topflows": 1`, /^2:67: .*did you mean "topFlows"/],
  ];
  for (const [title, text, expected] of mistakes) {
    it(`refuses ${title}, with its position`, async () => {
      const [problem, ...more] = await problemsOf(text);
      assert.match(problem, expected);
      assert.deepEqual(more, []);
    });
  }

  describe('secrets', () => {
    it('are read without the newline', async () => {
      for (const text of ['pass word', 'pass word\n', 'pass word\r\n']) {
        write(text, 0o640);
        assert.equal(await readLine(secret), 'pass word');
      }
    });

    const unusable: [string, string, number, RegExp][] = [
      ['others may read', 'sesame', 0o644, /has mode 0644: others can access it; run "chmod 0600 /],
      ['the group may write', 'sesame', 0o660, /mode 0660/],
      ['has two lines', 'sesame\nopen\n', 0o600, /must contain one line/],
      ['is empty', '\n', 0o600, /must contain one line/],
      ['is too long', 'x'.repeat(2e6), 0o600, /must be a regular file/],
    ];
    for (const [title, text, mode, expected] of unusable) {
      it(`are not read from a file that ${title}, and not shown`, async () => {
        write(text, mode);
        await assert.rejects(
          readLine(secret),
          (error) =>
            error instanceof Error &&
            expected.test(error.message) &&
            !/sesame|xxx/.test(error.message),
        );
        assert.equal((await problemsOf(`${GOOD}, "tokenFile": "secret"`)).length, 1);
      });
    }

    it('are not read from anything but a regular file', async () => {
      const path = join(folder.path, 'folder');
      mkdirSync(path, { mode: 0o700 });
      await assert.rejects(readLine(path), /must be a regular file/);
      execFileSync('mkfifo', ['-m', '600', `${path}/pipe`]);
      await assert.rejects(readLine(`${path}/pipe`), /must be a regular file/);
    });
  });
});
