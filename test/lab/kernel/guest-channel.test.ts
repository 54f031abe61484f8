import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestChannels } from '../../../adapters/guest/guest-channels.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { findKernel } from '../../../lab/kernel/cache.ts';
import { type GuestEnd, runGuest } from '../../../lab/kernel/guest.ts';
import type { GuestRule } from '../../../protocols/guest-channel/codec/rule.ts';
import { GuestSessionEnded } from '../../../protocols/guest-channel/host/errors.ts';
import type { GuestSession } from '../../../protocols/guest-channel/host/session.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PATIENCE_MS = 90_000;
/** By this rule the host lets the guest's script kill the agent; by the other, end. */
const KILL_ID = 0x666;
const END_ID = 0x999;

const AGENT = fileURLToPath(new URL('../../../guest/main.js', import.meta.url));
const SCRIPT = `
  modprobe -a virtio_console veth act_skbedit act_mirred cls_flower sch_ingress
  ip link add eth0 type veth peer name e1; ip link add vf0 type veth peer name v1
  for d in eth0 e1 vf0 v1; do ip link set $d up; done
  await() { until tc filter show dev vf0 ingress | grep -q "handle $1"; do sleep 0.2; done; }
  sends() { tc filter show dev eth0 egress | grep -q handle; }
  '${process.execPath}' '${AGENT}' & agent=$!
  until sends; do sleep 0.2; done
  echo 'the guest sends'
  while sends; do sleep 0.2; done
  echo 'the agent has removed the rules'
  await 0x${KILL_ID.toString(16)}
  kill -9 $agent
  while sends; do sleep 0.2; done
  echo 'the guardian has removed the rules'
  '${process.execPath}' '${AGENT}' & agent=$!
  await 0x${END_ID.toString(16)}
  kill -TERM $agent
  wait $agent; echo "agent ended: $?"
  tc filter show dev vf0 ingress | grep -c handle`;

const receive = (id: number): GuestRule => ({
  id,
  direction: 'receive',
  device: 'vf0',
  to: 'eth0',
  match: [{ field: 'eth_dst', value: id.toString(16).padStart(12, '0'), mask: 'ffffffffffff' }],
});
const transmit = (id: number): GuestRule => ({
  id,
  direction: 'transmit',
  device: 'eth0',
  to: 'vf0',
  match: [{ field: 'eth_dst', value: id.toString(16).padStart(12, '0'), mask: 'ffffffffffff' }],
});
const ok = (id: number) => ({ id, ok: true });

describe('channel to the agent in a machine', function () {
  this.timeout(2 * PATIENCE_MS);
  const folder = temporaryFolder();
  const lines: string[] = [];
  let channels: GuestChannels | undefined;
  let ended: Promise<GuestEnd> | undefined;

  before(function () {
    needs(this, 'kernel-guests');
  });

  after(async () => {
    await channels?.close();
    await ended;
    folder.remove();
  });

  function openChannels(): GuestChannels {
    const directory = folder.path;
    return new GuestChannels({ directory, replyTimeoutMs: 30_000, nowMs: monotonicMs, log() {} });
  }

  async function session(of: GuestChannels, not?: GuestSession): Promise<GuestSession> {
    const found = () => (of.find('vm1') === not ? undefined : of.find('vm1'));
    await eventually('session', () => found() !== undefined, PATIENCE_MS);
    const now = found();
    assert(now !== undefined);
    return now;
  }

  it('survives the end of either side', async () => {
    ended = runGuest({
      kernel: findKernel('backports'),
      command: ['sh', '-c', SCRIPT],
      timeoutMs: 2 * PATIENCE_MS - 5_000,
      channelSocket: join(folder.path, 'vm1.sock'),
      onLine: (line) => lines.push(line),
    });
    // The host before the agent.
    channels = openChannels();
    await channels.start();
    const first = await session(channels);
    assert.deepEqual(
      first.devices.map(({ name }) => name).filter((n) => /^(eth|vf)0$/.test(n)),
      ['eth0', 'vf0'],
    );
    assert.equal(await first.renew(monotonicMs() + 59_000), 'renewed');
    assert.deepEqual(await first.put([receive(1), transmit(2)]), [ok(1), ok(2)]);

    const sends = () => lines.includes('the guest sends');
    await eventually('the guest sends', sends, PATIENCE_MS);

    // The host ends and starts again: the guest sends no more, and what it receives is still there.
    await channels.close();
    const stopped = () => lines.includes('the agent has removed the rules');
    await eventually('the guest sends no more', stopped, PATIENCE_MS);
    channels = openChannels();
    await channels.start();
    const second = await session(channels);
    assert.equal(await second.renew(monotonicMs() + 59_000), 'late', 'it has removed rules');
    assert.equal(await second.renew(monotonicMs() + 59_000), 'renewed');
    assert.deepEqual(await second.put([receive(1), transmit(3)]), [ok(1), ok(3)]);
    assert.equal(await second.retain([1, 3]), 0, 'what sent is gone');
    const counted = (await second.counters()).map(([id]) => id);
    assert.deepEqual(counted, [1, 3]);

    // The agent is killed: its guardian removes what sends, and another agent begins.
    // It may be killed before it has answered.
    await second.put([receive(KILL_ID)]).catch((error: unknown) => {
      assert(error instanceof GuestSessionEnded, String(error));
    });
    const third = await session(channels, second);
    assert.equal(second.end?.reason, 'restarted');
    assert(lines.includes('the guardian has removed the rules'), lines.join('\n'));
    assert.deepEqual(await third.put([receive(1)]), [ok(1)]);
    await third.retain([1]);

    // The agent ends: it waits for the host to move the traffic back.
    const leaving = new Promise<void>((resolve) => {
      third.listen({ lost() {}, leaving: resolve, ended() {} });
    });
    assert.deepEqual(await third.put([receive(END_ID)]), [ok(END_ID)]);
    await leaving;
    assert.equal(await third.withdraw(), 2);
    await ended;
    const console = lines.join('\n');
    assert.match(console, /agent ended: 0\n0(\n|$)/, console);
  });
});
