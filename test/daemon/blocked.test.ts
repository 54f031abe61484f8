import assert from 'node:assert/strict';
import { ExitCode } from '../../cli/support/exit-codes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DaemonProcess } from './support/daemon-process.ts';

/** Blocks the daemon's event loop at SIGUSR2. */
const BLOCK = `
import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('SIGUSR2', function hang() { for (;;); });`;

describe('a daemon whose event loop is blocked', function () {
  this.timeout(30_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let daemon: DaemonProcess | undefined;

  beforeEach(async () => {
    folder = temporaryFolder();
    daemon = await DaemonProcess.start({ folder: folder.path, preload: BLOCK });
  });

  afterEach(async () => {
    await daemon?.kill();
    folder.remove();
  });

  it('ends with an exit code of its own within seconds, and logs why', async () => {
    const sinceMs = performance.now();
    daemon?.child.kill('SIGUSR2');
    assert.equal(await daemon?.exited(), ExitCode.blocked);
    assert.ok(performance.now() - sinceMs < 8_000);
    const line = daemon?.log.find(({ msg }) => /event loop is blocked/.test(String(msg)));
    assert.match(String(line?.['stack']), /^hang \(/);
    assert.equal(typeof line?.['phase'], 'string');
  });
});
