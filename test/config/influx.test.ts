import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import type { InfluxConfig } from '../../config/config.ts';
import { parseConfig } from '../../config/load-config.ts';
import { readSecretLine } from '../../platform/secret-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GOOD = '"url": "http://127.0.0.1:8086", "database": "norikae"';

describe('configuration of InfluxDB', () => {
  const folder = temporaryFolder();
  const secret = join(folder.path, 'secret');

  beforeEach(() => write('sesame\n', 0o600));
  after(() => folder.remove());

  function write(text: string, mode: number): void {
    writeFileSync(secret, text);
    chmodSync(secret, mode);
  }

  function parse(influx: string): InfluxConfig | undefined {
    return parseConfig(
      `{"node": {"adapter": "emulator"}, "policies": ["p"],\n"influx": {${influx}}}`,
      join(folder.path, 'norikae.json'),
    ).influx;
  }

  /** Every problem as `line:column: message`. */
  function problemsOf(influx: string): readonly string[] {
    try {
      parse(influx);
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return error.problems.map((p) => `${p.line}:${p.column}: ${p.message}`);
    }
    return [];
  }

  it('is optional, and has defaults', () => {
    const file = join(folder.path, 'norikae.json');
    const without = parseConfig('{"node": {"adapter": "emulator"}, "policies": ["p"]}', file);
    assert.equal(without.influx, undefined);
    const influx = parse(GOOD);
    assert.deepEqual(influx?.batch, { points: 2000, bytes: 524288, waitMs: 1000 });
    assert.deepEqual([influx?.topFlows, influx?.create, influx?.periodMs], [0, false, 5000]);
  });

  it('resolves secrets relative to the file', () => {
    const influx = parse(`${GOOD}, "username": "nk", "passwordFile": "secret"`);
    assert.equal(influx?.passwordFile, secret);
    assert.equal(parse(`${GOOD}, "tokenFile": "./secret"`)?.tokenFile, secret);
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
    it(`refuses ${title}, with its position`, () => {
      const [problem, ...more] = problemsOf(text);
      assert.match(problem, expected);
      assert.deepEqual(more, []);
    });
  }

  describe('secrets', () => {
    it('are read without the newline', () => {
      for (const text of ['pass word', 'pass word\n', 'pass word\r\n']) {
        write(text, 0o640);
        assert.equal(readSecretLine(secret, 'x'), 'pass word');
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
      it(`are not read from a file that ${title}, and not shown`, () => {
        write(text, mode);
        assert.throws(
          () => readSecretLine(secret, 'x'),
          (error) =>
            error instanceof Error &&
            expected.test(error.message) &&
            !/sesame|xxx/.test(error.message),
        );
        assert.equal(problemsOf(`${GOOD}, "tokenFile": "secret"`).length, 1);
      });
    }

    it('are not read from anything but a regular file', () => {
      const path = join(folder.path, 'folder');
      mkdirSync(path, { mode: 0o700 });
      assert.throws(() => readSecretLine(path, 'x'), /must be a regular file/);
      execFileSync('mkfifo', ['-m', '600', `${path}/pipe`]);
      assert.throws(() => readSecretLine(`${path}/pipe`, 'x'), /must be a regular file/);
    });
  });
});
