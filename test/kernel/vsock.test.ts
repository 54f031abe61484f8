import assert from 'node:assert/strict';
import { release } from 'node:os';
import { join } from 'node:path';
import { GuestChannels } from '../../adapters/guest/guest-channels.ts';
import { monotonicMs } from '../../async/monotonic.ts';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { run, runNow } from '../../lab/testbed/run.ts';
import { packageRoot } from '../../platform/package-root.ts';
import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';
import type { GuestSession } from '../../protocols/guest-channel/host/session.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The context id of a machine for itself (`vsock_loopback`). */
const LOOPBACK = '1';
const PORT = '9411';
const PYTHON = '/usr/bin/python3';
const [ETH, VF] = ['nkvs0', 'nkvs1'];
/** An emulated processor takes seconds to start an agent. */
const PATIENCE_MS = 90_000;

const rule = (id: number, direction: GuestRule['direction']): GuestRule => {
  const [device, to] = direction === 'transmit' ? [ETH, VF] : [VF, ETH];
  const match = [{ field: 'eth_dst', value: '020000000009', mask: 'f'.repeat(12) }] as const;
  return { id, direction, device, to, match };
};

describe(`channel to the agent of a guest over vsock, on kernel ${release()}`, function () {
  this.timeout(2 * PATIENCE_MS);
  const cleanup = new Cleanup();
  const folder = temporaryFolder();
  let channels: GuestChannels | undefined;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'debian-python3');
    await run('modprobe', ['-a', 'vsock_loopback', 'cls_flower', 'act_mirred', 'act_skbedit']);
    await run('ip', ['link', 'add', ETH, 'type', 'veth', 'peer', 'name', VF]);
    cleanup.add({
      name: ETH,
      undo: async () => void (await run('ip', ['link', 'del', ETH])),
      undoNow: () => runNow('ip', ['link', 'del', ETH]),
    });
    for (const device of [ETH, VF]) await run('ip', ['link', 'set', device, 'up']);
    const agent = [process.execPath, join(packageRoot(), 'dist', 'guest', 'main.js'), '--stdio'];
    await bridge('guest', PORT, ...agent);
    await bridge('host', join(folder.path, 'vm1.sock'), LOOPBACK, PORT);
    channels = new GuestChannels({
      directory: folder.path,
      replyTimeoutMs: 30_000,
      nowMs: monotonicMs,
      log: () => undefined,
    });
    await channels.start();
  });

  after(async () => {
    await channels?.close();
    await cleanup.run();
    folder.remove();
  });

  /** One end of what socat does. */
  async function bridge(...args: readonly string[]): Promise<void> {
    const script = join(packageRoot(), 'test', 'kernel', 'support', 'vsock-bridge.py');
    const name = `vsock ${args[0]}`;
    const process = await ManagedProcess.start(cleanup, name, PYTHON, [script, ...args]);
    await process.waitForLine((line) => line === 'listening', PATIENCE_MS, 'it listens');
  }

  async function session(not?: GuestSession): Promise<GuestSession> {
    const found = () => channels?.find('vm1');
    const isNew = () => found() !== undefined && found() !== not;
    await eventually('a session', isNew, PATIENCE_MS);
    const now = found();
    assert(now !== undefined);
    return now;
  }

  const sends = async (): Promise<boolean> =>
    (await run('tc', ['filter', 'show', 'dev', ETH, 'egress'])).includes(VF);

  it('carries rules and the lease; the agent ends with the connection, and another begins', async () => {
    const first = await session();
    assert.equal(await first.renew(monotonicMs() + 59_000), 'renewed');
    const results = await first.put([rule(1, 'receive'), rule(2, 'transmit')]);
    assert.deepEqual(results, [
      { id: 1, ok: true },
      { id: 2, ok: true },
    ]);
    assert.equal(await sends(), true);
    first.close();
    await eventually('the guest sends no more', async () => !(await sends()), PATIENCE_MS);
    const second = await session(first);
    assert.equal(await second.renew(monotonicMs() + 59_000), 'renewed');
    assert.deepEqual(await second.put([rule(1, 'receive')]), [{ id: 1, ok: true }]);
    assert.equal(await second.withdraw(), 1);
  });
});
