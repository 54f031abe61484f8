import assert from 'node:assert/strict';
import type { GuestRule } from '../../../protocols/guest-channel/codec/rule.ts';
import {
  GuestBusy,
  GuestRefused,
  GuestSessionEnded,
} from '../../../protocols/guest-channel/host/errors.ts';
import { openSession } from '../../../protocols/guest-channel/host/handshake.ts';
import { MemoryPair } from '../../support/guest/memory-pair.ts';
import { MODEL_DEVICES, ModelGuest } from '../../support/guest/model-guest.ts';

const receive = (id: number): GuestRule => ({
  id,
  direction: 'receive',
  device: 'vf0',
  to: 'eth0',
  match: [{ field: 'eth_dst', value: '020000000001', mask: 'ffffffffffff' }],
});
const transmit = (id: number): GuestRule => ({
  id,
  direction: 'transmit',
  device: 'eth0',
  to: 'vf0',
  match: [{ field: 'eth_dst', value: '020000000009', mask: 'ffffffffffff' }],
});

describe('session with a guest', () => {
  it('begins with a hello of both sides', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    assert.equal(session.guest, 'vm1');
    assert.equal(session.agent, '1.0.0');
    assert.deepEqual(session.devices, MODEL_DEVICES);
    assert.equal(session.end, undefined);
  });

  it('puts, counts, deletes and withdraws rules', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    assert.deepEqual(await session.put([receive(1)]), [{ id: 1, ok: true }]);
    assert.equal(await session.renew(guest.hostMs + 3_000), 'renewed');
    guest.rules.refused.set(3, 'no such device');
    assert.deepEqual(await session.put([transmit(2), transmit(3)]), [
      { id: 2, ok: true },
      { id: 3, ok: false, why: 'no such device' },
    ]);
    guest.rules.traffic.set(2, [10, 1_000]);
    assert.deepEqual(await session.counters(), [
      [1, 0, 0],
      [2, 10, 1_000],
    ]);
    assert.equal(await session.delete([2, 77]), 1);
    await session.put([receive(4)]);
    assert.equal(await session.retain([4]), 1);
    assert.deepEqual([...guest.rules.rules.keys()], [4]);
    assert.equal(await session.withdraw(), 1);
  });

  it('puts many rules in parts, and reads many counters in pages', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const rules = Array.from({ length: 2_500 }, (_, i) => receive(i + 1));
    const results = await session.put(rules);
    assert.deepEqual(
      results,
      rules.map(({ id }) => ({ id, ok: true })),
    );
    const counters = await session.counters();
    assert.deepEqual(
      counters.map(([id]) => id),
      rules.map(({ id }) => id),
    );
  });

  it('refuses more rules than a guest can hold, without asking it', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const results = await session.put(Array.from({ length: 4_200 }, (_, i) => receive(i + 1)));
    assert.equal(results.filter(({ ok }) => ok).length, 4_096);
    assert.equal(guest.rules.rules.size, 4_096);
    assert.deepEqual(results.at(-1), {
      id: 4_200,
      ok: false,
      why: 'a guest can hold 4096 rules',
    });
  });

  it('has room for other rules after the guest has refused many', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const ids = Array.from({ length: 4_200 }, (_, i) => i + 1);
    for (const id of ids) guest.rules.refused.set(id, 'no such device');
    const refused = await session.put(ids.map(receive));
    assert(refused.every((result) => !result.ok && result.why === 'no such device'));
    assert.deepEqual(await session.put([receive(5_000)]), [{ id: 5_000, ok: true }]);
    // A rule whose replacement is refused may still be there.
    guest.rules.refused.set(5_000, 'no such device');
    await session.put([receive(5_000)]);
    assert.deepEqual(await session.counters(), [[5_000, 0, 0]]);
  });

  describe('lease', () => {
    it('is needed by transmit rules', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      const [result] = await session.put([transmit(1)]);
      assert.deepEqual(result, { id: 1, ok: false, why: 'there is no lease' });
    });

    it('ends: the transmit rules are gone, the receive rules stay, and the host learns it', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      const lost: number[] = [];
      session.listen({ lost: (total) => lost.push(total), leaving() {}, ended() {} });
      await session.renew(guest.hostMs + 3_000);
      await session.put([receive(1), transmit(2)]);
      guest.guestMs += 2_999;
      await guest.agent.check();
      assert.deepEqual([...guest.rules.rules.keys()], [1, 2]);
      guest.guestMs += 1;
      await guest.agent.check();
      assert.deepEqual([...guest.rules.rules.keys()], [1]);
      // One renewal is refused, so that the host puts the rules again.
      assert.equal(await session.renew(guest.hostMs + 3_000), 'late');
      assert.deepEqual(lost, [1]);
      assert.equal(session.leaseEndsAtMs, undefined);
      assert.equal(await session.renew(guest.hostMs + 3_000), 'renewed');
      assert.equal(session.leaseEndsAtMs, guest.hostMs + 3_000);
    });

    it('is looked at before a request that waited while the guest was stopped', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      await session.renew(guest.hostMs + 3_000);
      await session.put([transmit(1)]);
      guest.rules.steps.length = 0;
      // No timer fires in a stopped process: the first thing that it does is to read a request.
      guest.guestMs += 60_000;
      await session.put([receive(2)]);
      assert.deepEqual(guest.rules.steps, ['delete 1', 'put receive 2']);
    });

    it('is not extended by a renewal that was delayed', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      await session.renew(guest.hostMs + 3_000);
      await session.put([transmit(1)]);
      const deliver = guest.pair.guest.onText;
      const held: string[] = [];
      guest.pair.guest.onText = (text) => held.push(text);
      const renewal = session.renew(guest.hostMs + 4_000);
      await Promise.resolve();
      guest.guestMs += 20_000;
      held.forEach(deliver);
      assert.equal(await renewal, 'late');
      assert.deepEqual([...guest.rules.transmit], []);
      assert.equal(guest.lease.untilMs, undefined);
    });

    it('never ends later in the guest than the host has said', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      // The sample of the guest's clock is old by now.
      guest.guestMs += 700;
      guest.hostMs += 700;
      await session.renew(guest.hostMs + 2_000);
      assert.equal(guest.lease.untilMs, guest.guestMs + 2_000);
      // The guest's clock was read before the reply travelled for 300 ms.
      guest.hostMs += 300;
      await session.counters();
      guest.guestMs += 300;
      await session.renew(guest.hostMs + 2_000);
      assert(guest.lease.untilMs !== undefined && guest.lease.untilMs <= guest.guestMs + 2_000);
    });

    it('that has ended already is not requested', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      assert.equal(await session.renew(guest.hostMs), 'late');
      assert.equal(guest.lease.untilMs, undefined);
    });
  });

  describe('restart', () => {
    it('of the host: puts and retains, and no rule is missing meanwhile', async () => {
      const guest = new ModelGuest();
      const first = await guest.session();
      await first.renew(guest.hostMs + 3_000);
      await first.put([receive(1), transmit(2), receive(3)]);
      first.close();
      const again = new ModelGuest(guest.rules);
      const second = await again.session();
      guest.rules.steps.length = 0;
      await second.renew(again.hostMs + 3_000);
      await second.put([receive(1), transmit(5)]);
      await second.retain([1, 5]);
      assert.deepEqual(new Set(guest.rules.rules.keys()), new Set([1, 5]));
      assert(!guest.rules.steps.includes('delete 1'));
    });

    it('of the agent ends the session; the next one begins with what the agent left', async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      await session.renew(guest.hostMs + 3_000);
      await session.put([receive(1), transmit(2)]);
      const successor = new ModelGuest(guest.rules);
      successor.pair.guest.send = (text) => guest.pair.guest.send(text);
      await successor.start();
      assert.equal(session.end?.reason, 'restarted');
      await assert.rejects(session.counters(), GuestSessionEnded);
      assert.deepEqual([...guest.rules.rules.keys()], [1]);
    });

    it('leaves nothing of an earlier session in the next', async () => {
      const guest = new ModelGuest();
      const stale = `d":[]}}\n{"type":"leaving"}\n{"type":"reply","id":1,"clockMs":1,"lost":0,"result":{"of":"put","rules":[]}}\n`;
      const opening = guest.session();
      guest.pair.guest.send(stale);
      const session = await opening;
      assert.equal(session.isLeaving, false);
      assert.deepEqual(await session.put([receive(1)]), [{ id: 1, ok: true }]);
    });

    it('greets an agent that starts after the host', async () => {
      const guest = new ModelGuest();
      const answer = guest.pair.guest.onText;
      guest.pair.guest.onText = () => {};
      const opening = guest.session();
      await Promise.resolve();
      guest.pair.guest.onText = answer;
      await guest.start();
      assert.equal((await opening).agent, '1.0.0');
    });
  });

  it('learns that the agent wants to end', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    let told = 0;
    session.listen({ lost() {}, leaving: () => told++, ended() {} });
    await guest.agent.leaving();
    assert.deepEqual([told, session.isLeaving, session.end], [1, true, undefined]);
  });

  it('ends when the guest does not reply in time', async () => {
    const guest = new ModelGuest();
    const session = await guest.session(20);
    guest.pair.guest.onText = () => {};
    await assert.rejects(session.counters(), { reason: 'no-reply' });
    assert(guest.pair.isClosed);
  });

  it('ends when the guest does not read', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    guest.pair.guestReads = false;
    await assert.rejects(session.counters(), { reason: 'no-reply' });
  });

  it('bounds the requests that wait', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    guest.pair.guest.onText = () => {};
    const waiting = Array.from({ length: 64 }, () => session.counters());
    await assert.rejects(session.counters(), GuestBusy);
    session.close();
    for (const each of waiting) await assert.rejects(each, { reason: 'closed' });
  });

  it('reports what the guest could not do', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    guest.rules.counters = async () => {
      throw new Error('tc is missing ☹');
    };
    await assert.rejects(session.counters(), (error) => {
      assert(error instanceof GuestRefused);
      assert.equal(error.message, 'guest vm1: counters: tc is missing  ');
      return true;
    });
    assert.equal(session.end, undefined);
  });

  it('is not opened with a guest that speaks other versions only', async () => {
    const pair = new MemoryPair();
    pair.guest.onText = (text) => {
      const { epoch } = JSON.parse(text);
      pair.guest.send(
        `{"type":"hello","versions":[7],"epoch":"00000000000000aa","to":"${epoch}","agent":"9","clockMs":1,"devices":[],"later":true}\n`,
      );
    };
    const options = { guest: 'vm1', timeoutMs: 100, nowMs: () => 0 };
    await assert.rejects(openSession(pair, options, new AbortController().signal), {
      reason: 'version',
    });
  });
});
