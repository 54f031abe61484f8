import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GuestChannels } from '../../../adapters/guest/guest-channels.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { eventually } from '../../support/eventually.ts';
import { ModelGuest } from '../../support/guest/model-guest.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { SocketGuest } from './socket-guest.ts';

const RULE = { id: 1, direction: 'receive' as const, device: 'vf0', to: 'eth0', match: [] };

describe('channels of guests', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let channels: GuestChannels;
  let log: string[];
  const guests: SocketGuest[] = [];
  const processes: ChildProcess[] = [];

  beforeEach(() => {
    folder = temporaryFolder();
    log = [];
    channels = new GuestChannels({
      directory: folder.path,
      replyTimeoutMs: 5_000,
      nowMs: monotonicMs,
      log: (line) => log.push(line),
    });
  });

  afterEach(async () => {
    await channels.close();
    for (const guest of guests.splice(0)) await guest.close();
    for (const child of processes.splice(0)) child.kill('SIGKILL');
    folder.remove();
  });

  const socketOf = (guest: string): string => join(folder.path, `${guest}.sock`);

  async function guestAt(name: string, model?: ModelGuest): Promise<SocketGuest> {
    const guest = await SocketGuest.listen(socketOf(name), model);
    guests.push(guest);
    return guest;
  }

  async function session(name: string) {
    await eventually(`session with ${name}`, () => channels.find(name) !== undefined);
    const found = channels.find(name);
    assert(found !== undefined);
    return found;
  }

  it('are found by their sockets, and named by them', async () => {
    await guestAt('vm1');
    await guestAt('vm2');
    writeFileSync(join(folder.path, 'notes.txt'), '');
    writeFileSync(join(folder.path, '-x.sock'), '');
    await channels.start();
    const one = await session('vm1');
    await session('vm2');
    assert.deepEqual(await one.put([RULE]), [{ id: 1, ok: true }]);
    assert.deepEqual(
      channels
        .status()
        .map(({ guest, state, agent, hasLease }) => ({ guest, state, agent, hasLease })),
      ['vm1', 'vm2'].map((guest) => ({
        guest,
        state: 'connected',
        agent: '1.0.0',
        hasLease: false,
      })),
    );
    await one.renew(monotonicMs() + 10_000);
    assert.deepEqual(
      channels.status().map(({ hasLease }) => hasLease),
      [true, false],
    );
  });

  it('are found later, and forgotten with their sockets', async () => {
    await channels.start();
    assert.deepEqual(channels.status(), []);
    const guest = await guestAt('vm1');
    await session('vm1');
    guests.splice(guests.indexOf(guest), 1);
    await guest.close();
    await eventually('forgotten', () => channels.status().length === 0);
  });

  it('wait for an agent, and connect again after the connection has ended', async () => {
    const silent = new ModelGuest();
    const answer = silent.pair.guest.onText;
    silent.pair.guest.onText = () => {};
    const guest = await guestAt('vm1', silent);
    await channels.start();
    await eventually('waiting', () => channels.status()[0]?.state === 'waiting');
    guests.splice(guests.indexOf(guest), 1);
    await guest.close();
    await eventually('disconnected', () => channels.status()[0]?.ended.get('disconnected') === 1);
    silent.pair.guest.onText = answer;
    const again = await guestAt('vm1', silent);
    const first = await session('vm1');
    again.disconnect();
    await eventually('ended', () => first.end?.reason === 'disconnected');
    await eventually('again', () => channels.find('vm1') !== undefined);
    assert.notEqual(channels.find('vm1'), first);
  });

  it('report a socket that nobody serves', async () => {
    writeFileSync(socketOf('vm1'), '');
    await channels.start();
    await eventually('problem', () => channels.status()[0]?.lastProblem !== undefined);
    const [{ state, lastProblem }] = channels.status();
    assert.equal(state, 'unreachable');
    assert.match(
      String(lastProblem),
      /no connection to the guest at .*vm1\.sock \(.*\): is its machine running\?/,
    );
    assert.deepEqual(log, [lastProblem]);
  });

  it('tell their listeners', async () => {
    const guest = await guestAt('vm1');
    const seen: boolean[] = [];
    channels.onChange(() => seen.push(channels.find('vm1') !== undefined));
    await channels.start();
    await session('vm1');
    guest.disconnect();
    await eventually('ended', () => seen.length >= 2);
    assert.deepEqual(seen.slice(0, 2), [true, false]);
  });

  it('tell their listeners of an agent that wants to end, and of rules that it has lost', async () => {
    const { model } = await guestAt('vm1');
    await channels.start();
    const found = await session('vm1');
    let changes = 0;
    channels.onChange(() => changes++);
    await found.put([RULE]);
    assert.equal(changes, 0);
    model.rules.unusable.push(RULE.id);
    await found.counters();
    await eventually('lost', () => changes === 1);
    await model.agent.leaving();
    await eventually('leaving', () => changes === 2);
    assert(found.isLeaving);
  });

  for (const what of ['bytes', 'hellos']) {
    it(`are not affected by a guest that floods the host with ${what}`, async () => {
      const script = fileURLToPath(new URL('flooding-guest.js', import.meta.url));
      const child = fork(script, [socketOf('hostile'), what]);
      processes.push(child);
      await once(child, 'message');
      await guestAt('honest');
      await channels.start();
      const honest = await session('honest');
      const hostile = () => channels.status().find(({ guest }) => guest === 'hostile');
      await eventually('cut off', () => (hostile()?.ended.get('violation') ?? 0) >= 2);

      const before = process.memoryUsage().rss;
      const cpu = process.cpuUsage();
      const fromMs = monotonicMs();
      const endings = hostile()?.ended.get('violation') ?? 0;
      let served = 0;
      while (monotonicMs() - fromMs < 3_000) {
        await honest.put([RULE]);
        served++;
        await sleep(5);
      }
      const { user, system } = process.cpuUsage(cpu);
      const more = (hostile()?.ended.get('violation') ?? 0) - endings;
      const summary = `${served} requests, ${more} attempts, ${(user + system) / 1e3} ms of CPU`;
      assert.equal(honest.end, undefined, summary);
      // The backoff doubles from 250 ms: 3 s have room for a few attempts, whatever the guest sends.
      assert(more <= 6, summary);
      assert(user + system < 1.5e6, summary);
      assert(process.memoryUsage().rss - before < 64 * 1024 * 1024, summary);
    });
  }
});
