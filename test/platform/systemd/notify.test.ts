import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../../platform/package-root.ts';
import { DatagramError, openDatagramSender } from '../../../platform/systemd/datagram.ts';
import { openNotifier } from '../../../platform/systemd/notify.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PYTHON = '/usr/bin/python3';

/** Binds a datagram socket and prints every datagram as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
a = sys.argv[1]
s.bind('\\0' + a[1:] if a.startswith('@') else a)
print('"bound"', flush=True)
while True:
    print(json.dumps(s.recv(65536).decode()), flush=True)
`;

describe('service notification (sd_notify)', () => {
  const { log, lines } = recordingLog();
  const children: ChildProcess[] = [];
  const folder = temporaryFolder();

  afterEach(() => {
    for (const child of children.splice(0)) child.kill();
    lines.length = 0;
  });
  after(() => folder.remove());

  async function receiver(address: string): Promise<() => Promise<string>> {
    const child = spawn(PYTHON, ['-c', RECEIVER, address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const messages = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => JSON.parse((await messages.next()).value);
    assert.equal(await next(), 'bound');
    return next;
  }

  it('does nothing without a service manager', async () => {
    const notifier = await openNotifier({}, log);
    assert.equal(notifier.watchdogMs, undefined);
    assert.equal(notifier.listens, false);
    notifier.ready('x');
    notifier.close();
    assert.deepEqual(lines, []);
  });

  for (const kind of ['path', 'abstract'] as const) {
    it(`notifies a service manager's socket (${kind})`, async function () {
      if (!existsSync(PYTHON)) this.skip();
      const address =
        kind === 'path' ? join(folder.path, 'notify') : `@nk-notify-${process.pid}-${Date.now()}`;
      const next = await receiver(address);
      const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '3000000' };
      const notifier = await openNotifier(env, log);
      assert.equal(notifier.watchdogMs, 3000);
      notifier.ready('placing\nflows');
      assert.equal(await next(), 'READY=1\nSTATUS=placing flows');
      const before = process.hrtime.bigint() / 1000n;
      notifier.reloading();
      const [word, clock] = (await next()).split('\n');
      assert.equal(word, 'RELOADING=1');
      const microseconds = BigInt(clock.replace('MONOTONIC_USEC=', ''));
      assert.ok(microseconds >= before && microseconds <= process.hrtime.bigint() / 1000n);
      notifier.watchdog();
      assert.equal(await next(), 'WATCHDOG=1');
      notifier.status('büsy');
      assert.equal(await next(), 'STATUS=büsy');
      notifier.stopping();
      assert.equal(await next(), 'STOPPING=1');
      notifier.close();
      assert.deepEqual(lines, []);
    });
  }

  it('ignores a watchdog for another process', async () => {
    const env = { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' };
    const notifier = await openNotifier(env, log);
    assert.equal(notifier.watchdogMs, undefined);
    notifier.close();
  });

  it('logs and continues when the socket does not exist', async () => {
    const notifier = await openNotifier({ NOTIFY_SOCKET: join(folder.path, 'gone') }, log);
    notifier.ready('x');
    notifier.close();
    assert.equal(lines[0]?.msg, 'cannot notify the service manager');
    await openNotifier({ NOTIFY_SOCKET: 'vsock:2:1234' }, log);
    assert.equal(lines[1]?.msg, 'the service manager cannot be reached');
  });

  it('never blocks on a manager that does not read', async () => {
    const script = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
time.sleep(60)
`;
    const address = join(folder.path, 'deaf');
    const child = spawn(PYTHON, ['-c', script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    const sender = openDatagramSender(address);
    const fill = (): void => {
      for (let i = 0; i < 10_000; i++) sender.send('WATCHDOG=1');
    };
    assert.throws(fill, DatagramError);
    sender.close();
  });

  it('refuses invalid addresses', () => {
    assert.throws(() => openDatagramSender('relative'), DatagramError);
    assert.throws(() => openDatagramSender(`/${'x'.repeat(200)}`), DatagramError);
  });
});

describe('systemd unit', () => {
  it('is valid for systemd', function () {
    const unit = join(packageRoot(), 'daemon', 'systemd', 'norikae.service');
    const checked = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    if (checked.error !== undefined) this.skip();
    const complaints = checked.stderr
      .split('\n')
      .filter((line) => line.includes('norikae') && !line.includes('is not executable'));
    assert.deepEqual(complaints, []);
  });

  it('restricts the daemon: systemd rates its exposure at 2.2 of 10 at most', function () {
    const unit = join(packageRoot(), 'daemon', 'systemd', 'norikae.service');
    const args = ['security', '--offline=true', '--threshold=22', '--no-pager', unit];
    const checked = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    if (checked.error !== undefined || /unrecognized option/.test(checked.stderr)) this.skip();
    assert.equal(checked.status, 0, checked.stdout);
  });

  it('ends the daemon before its guests when memory runs out', () => {
    const unit = readFileSync(join(packageRoot(), 'daemon', 'systemd', 'norikae.service'), 'utf8');
    // The kernel ends the process with the highest score first; libvirt leaves QEMU at 0.
    assert.ok(Number(/^OOMScoreAdjust=(-?\d+)$/m.exec(unit)?.[1]) > 0);
    assert.match(unit, /^MemoryMax=\d+G$/m);
    assert.match(unit, /^TasksMax=\d+$/m);
  });

  it("preserves the folder of the fast path's journal over a restart", () => {
    const unit = readFileSync(join(packageRoot(), 'daemon', 'systemd', 'norikae.service'), 'utf8');
    assert.match(unit, /^RuntimeDirectory=norikae$/m);
    assert.match(unit, /^RuntimeDirectoryPreserve=restart$/m);
  });
});
