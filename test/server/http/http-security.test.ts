import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileReader } from '../../../platform/regular-file.ts';
import { HttpSecurity } from '../../../server/http/http-security.ts';
import { HungFileSystem } from '../../support/hung-file-system.ts';
import { needs } from '../../support/needs.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTlsFiles } from '../support/tls-files.ts';

const TIMEOUT_MS = 100;
const TOKEN = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ';
const LOCALHOST = '127.0.0.1';
const FILES = ['certificate', 'key', 'token', 'users'] as const;

describe('security of the HTTP server on a file system that hangs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let security: HttpSecurity | undefined;
  let hung: HungFileSystem | undefined;
  let recording: ReturnType<typeof recordingLog>;
  let renewals: number;

  before(function () {
    needs(this, 'root', 'fuse', 'openssl');
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    recording = recordingLog();
    renewals = 0;
    const made = makeTlsFiles(folder.path, 'made');
    for (const name of FILES) mkdirSync(join(folder.path, name));
    renameSync(made.certificate, pathOf('certificate'));
    renameSync(made.key, pathOf('key'));
    write('token', TOKEN);
    write('users', `user:${hashOf('password')}\n`);
    const files = {
      tls: { certificate: pathOf('certificate'), key: pathOf('key') },
      tokenFile: pathOf('token'),
      users: pathOf('users'),
    };
    security = await HttpSecurity.load(files, recording.log, new FileReader(TIMEOUT_MS));
    security.onKeys(() => renewals++);
  });
  afterEach(async () => {
    await hung?.unmount();
    hung = undefined;
    await security?.close();
    folder.remove();
  });

  /** Each file has a folder of its own, which can hang alone. */
  function pathOf(name: (typeof FILES)[number]): string {
    return join(folder.path, name, name);
  }

  function write(name: 'token' | 'users', text: string): void {
    writeFileSync(pathOf(name), text);
    chmodSync(pathOf(name), 0o600);
  }

  async function accepts(token: string): Promise<boolean> {
    const verdict = await security?.authenticator?.check(`Bearer ${token}`, LOCALHOST);
    return verdict?.ok === true;
  }

  for (const name of FILES) {
    it(`keeps all secrets in force and the event loop free when the ${name} cannot be read`, async () => {
      const other = TOKEN.split('').toReversed().join('');
      hung = await HungFileSystem.mount(join(folder.path, name));
      if (name !== 'token') write('token', other);
      let turns = 0;
      const timer = setInterval(() => turns++, TIMEOUT_MS / 20);
      const sinceMs = performance.now();
      await security?.reload();
      const tookMs = performance.now() - sinceMs;
      clearInterval(timer);
      assert.ok(tookMs >= TIMEOUT_MS - 5 && tookMs < 2_000, `${tookMs} ms`);
      assert.ok(turns >= 5, `${turns} turns`);
      const { level, error, msg } = recording.lines.at(-1) ?? {};
      assert.equal(level, 'error');
      assert.match(String(error), new RegExp(`"http.*reading ${pathOf(name)} takes longer`));
      assert.match(String(msg), /continues with their previous contents/);
      assert.equal(renewals, 0);
      assert.deepEqual([await accepts(TOKEN), await accepts(other)], [true, false]);

      await hung.unmount();
      // The abandoned read ends some turns of the event loop later.
      await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
      await security?.reload();
      const isNew = name !== 'token';
      assert.deepEqual([await accepts(TOKEN), await accepts(other)], [!isNew, isNew]);
      assert.ok(renewals > 0);
    });
  }
});

function hashOf(password: string): string {
  const salt = Buffer.alloc(16, 1);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 10, r: 8, p: 1 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(hash)}`;
}
