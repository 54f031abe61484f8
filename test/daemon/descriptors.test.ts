import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DaemonProcess } from './support/daemon-process.ts';

const LIMIT = 256;
/** Takes every free descriptor of the daemon at SIGUSR2, and frees them at the next one. */
const TAKE_ALL = `
import { closeSync, openSync } from 'node:fs';
let taken = [];
process.on('SIGUSR2', () => {
  if (taken.length > 0) {
    for (const fd of taken.splice(0)) closeSync(fd);
    return;
  }
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {}
});`;

describe('a daemon without free file descriptors', function () {
  this.timeout(30_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let daemon: DaemonProcess | undefined;
  let sockets: Socket[];

  beforeEach(async () => {
    folder = temporaryFolder();
    sockets = [];
    daemon = await DaemonProcess.start({
      folder: folder.path,
      preload: TAKE_ALL,
      descriptors: LIMIT,
    });
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await daemon?.kill();
    folder.remove();
  });

  it('keeps the control socket apart from a flood of HTTP clients', async () => {
    const { httpPort = 0 } = daemon ?? {};
    let answered = 0;
    for (let i = 0; i < 2 * LIMIT; i++) {
      const socket = connect(httpPort, '127.0.0.1');
      socket.on('error', () => {});
      socket.once('data', () => answered++);
      socket.write('GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n');
      sockets.push(socket);
    }
    await eventually('clients are answered', () => answered > 20);
    await daemon?.command('onload-all');
    assert.equal((await daemon?.control.status())?.held, true);
    assert.deepEqual(daemon?.log.filter(isShortage), []);
  });

  it('releases a reserve for the control socket, and says so', async () => {
    daemon?.child.kill('SIGUSR2');
    await eventually('the shortage is logged', () => daemon?.log.some(isShortage) === true);
    await daemon?.command('onload-all');
    assert.equal((await daemon?.control.status())?.held, true);
    daemon?.child.kill('SIGUSR2');
    await eventually(
      'the recovery is logged',
      () => daemon?.log.some(({ msg }) => msg === 'file descriptors are free again') === true,
    );
  });
});

function isShortage({ msg }: Readonly<Record<string, unknown>>): boolean {
  return typeof msg === 'string' && msg.startsWith('file descriptors are used up');
}
