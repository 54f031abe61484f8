import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { eventually } from '../support/eventually.ts';
import { HungFileSystem } from '../support/hung-file-system.ts';
import { needs } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DaemonProcess } from './support/daemon-process.ts';

/** How long the daemon may take to start on a busy machine, ms. */
const START_MS = 20_000;
const TOKEN = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ';

describe('a daemon whose token file is on a file system that hangs', function () {
  this.timeout(60_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let daemon: DaemonProcess | undefined;
  let hung: HungFileSystem | undefined;

  before(function () {
    needs(this, 'root', 'fuse');
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    const secrets = join(folder.path, 'secrets');
    const tokenFile = join(secrets, 'token');
    mkdirSync(secrets);
    writeFileSync(tokenFile, TOKEN);
    chmodSync(tokenFile, 0o600);
    const node = { adapter: 'emulator', emulator: { vms: 6, maxFlows: 400 } };
    const config = { node, http: { port: 0, tokenFile } };
    daemon = await DaemonProcess.start({ folder: folder.path, config });
    hung = await HungFileSystem.mount(secrets);
  });
  afterEach(async () => {
    await hung?.unmount();
    await daemon?.kill();
    folder.remove();
  });

  it('keeps placing flows and accepting its token after a reload, and ends when it is stopped', async () => {
    assert.ok(daemon !== undefined);
    const { control, child, httpPort } = daemon;
    await reload(daemon);
    await eventually('the time-out is logged', () => daemon?.log.some(isTimeout) === true);
    const { sequence } = (await control.status()).tick;
    await eventually('ticks', async () => (await control.status()).tick.sequence > sequence);
    const authorization = `Bearer ${TOKEN}`;
    const { status } = await fetch(`http://127.0.0.1:${httpPort}/healthz`, {
      headers: { authorization },
    });
    assert.equal(status, 200);
    const sinceMs = performance.now();
    child.kill('SIGTERM');
    assert.equal(await daemon.exited(), 0);
    assert.ok(performance.now() - sinceMs < 5_000);
  });
});

/** Sends SIGHUP until the daemon accepts it: it ignores the signal while it starts. */
function reload(daemon: DaemonProcess): Promise<unknown> {
  const look = async (): Promise<true | undefined> => {
    daemon.child.kill('SIGHUP');
    await sleep(300);
    return daemon.log.some(({ msg }) => msg === 'policies reloaded') ? true : undefined;
  };
  return waitFor('the daemon reloads', look, { timeoutMs: START_MS });
}

function isTimeout({ error }: Readonly<Record<string, unknown>>): boolean {
  return /"http.tokenFile": reading .*token takes longer than 5 s/.test(String(error));
}
