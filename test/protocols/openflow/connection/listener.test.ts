import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SwitchUnreachable } from '../../../../protocols/openflow/connection/errors.ts';
import { Listener } from '../../../../protocols/openflow/connection/listener.ts';

const LOOPBACK = { kind: 'ptcp', host: '127.0.0.1', port: 0 } as const;
const never = () => new AbortController().signal;

describe('waiting for a switch to connect', () => {
  const open: Socket[] = [];
  let listener: Listener;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-listener-'));
    listener = await Listener.open(LOOPBACK, undefined);
  });

  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await listener.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A switch that has connected. */
  async function connected(): Promise<Socket> {
    const socket = connect(listener.port, '127.0.0.1');
    open.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** What arrives by the next connection. */
  async function greeting(): Promise<string> {
    const socket = await listener.next(never());
    open.push(socket);
    const [bytes]: unknown[] = await once(socket, 'data');
    return String(bytes);
  }

  it('returns a connection that comes later, and one that has been waiting', async () => {
    const later = greeting();
    (await connected()).write('later');
    assert.equal(await later, 'later');
    (await connected()).write('before');
    assert.equal(await greeting(), 'before');
  });

  it('closes a connection while another one is waiting', async () => {
    const first = await connected();
    const second = await connected();
    await once(second, 'close');
    first.write('first');
    assert.equal(await greeting(), 'first');
  });

  it('stops waiting with the reason of the signal, and can wait again', async () => {
    const reason = new Error('enough');
    await assert.rejects(listener.next(AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const waiting = listener.next(controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    (await connected()).write('again');
    assert.equal(await greeting(), 'again');
  });

  it('fails with the address when it is in use', async () => {
    const target = { ...LOOPBACK, port: listener.port };
    await assert.rejects(Listener.open(target, undefined), (error: unknown) => {
      assert(error instanceof SwitchUnreachable);
      assert.match(error.message, new RegExp(`ptcp:${listener.port}.*EADDRINUSE`));
      return true;
    });
  });

  it('takes the place of a socket file that was left, for its own user alone', async () => {
    const path = join(folder, 'switch.sock');
    await writeFile(path, '');
    const local = await Listener.open({ kind: 'punix', path }, undefined);
    try {
      assert.equal(local.port, 0);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      open.push(connect(path), await local.next(never()));
    } finally {
      for (const socket of open.splice(0)) socket.destroy();
      await local.close();
    }
  });
});
