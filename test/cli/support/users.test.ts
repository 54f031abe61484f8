import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { ControlClient } from '../../../cli/client/client.ts';
import { ControlForbidden } from '../../../cli/client/client-errors.ts';
import { defaultSocket } from '../../../cli/support/socket-path.ts';
import { fileErrorText } from '../../../platform/file-error.ts';
import { asUser, NOBODY } from '../../support/as-user.ts';
import { needs } from '../../support/needs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a user who is not root', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: Server | undefined;

  before(function () {
    needs(this, 'root');
  });

  beforeEach(() => {
    folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
  });

  afterEach(() => {
    server?.close();
    server = undefined;
    folder.remove();
  });

  /** The runtime folder of a daemon of root, with its socket. */
  async function daemonOfRoot(mode: number): Promise<string> {
    const system = join(folder.path, 'system');
    mkdirSync(system);
    server = createServer().listen(join(system, 'control.sock'));
    await once(server, 'listening');
    chmodSync(system, mode);
    return system;
  }

  it('gets an error that names another user, not one that says that no daemon answers', async () => {
    const system = await daemonOfRoot(0o700);
    const path = asUser(NOBODY, () => defaultSocket(join(folder.path, 'own'), system));
    assert.equal(path, join(system, 'control.sock'));
    // The connection is attempted before the first await.
    const answer = asUser(NOBODY, () => new ControlClient(path).status());
    await assert.rejects(answer, (error) => {
      assert.ok(error instanceof ControlForbidden);
      assert.match(
        error.message,
        /control\.sock belongs to another user, .* with sudo if it is root$/,
      );
      return true;
    });
  });

  it('uses its own daemon first, and its own folder where there is no daemon', async () => {
    const system = await daemonOfRoot(0o700);
    const own = join(folder.path, 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'emulated.sock'), '');
    assert.equal(
      asUser(NOBODY, () => defaultSocket(own, system)),
      join(own, 'emulated.sock'),
    );
    const nowhere = join(folder.path, 'nowhere');
    const other = join(folder.path, 'other');
    assert.equal(
      asUser(NOBODY, () => defaultSocket(other, nowhere)),
      join(other, 'control.sock'),
    );
  });

  it('gets an error that says what to do about a file without access', () => {
    const file = join(folder.path, 'secret');
    writeFileSync(file, '', { mode: 0o600 });
    let text = '';
    asUser(NOBODY, () => {
      try {
        readFileSync(file);
      } catch (error) {
        text = fileErrorText(error);
      }
    });
    assert.equal(
      text,
      'EACCES: permission denied for user 65534; use sudo, or give this user access',
    );
  });
});
