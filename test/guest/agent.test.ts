import assert from 'node:assert/strict';
import { MAX_LEASE_MS } from '../../protocols/guest-channel/codec/limits.ts';
import { ModelGuest } from '../support/guest/model-guest.ts';

const rule = (id: number, direction: 'receive' | 'transmit') => ({
  id,
  direction,
  device: direction === 'transmit' ? 'eth0' : 'vf0',
  to: direction === 'transmit' ? 'vf0' : 'eth0',
  match: [],
});

describe('agent in a guest', () => {
  it('ignores lines that are not for it', async () => {
    const guest = new ModelGuest();
    await guest.session();
    guest.sent.length = 0;
    for (const line of [
      '',
      'garbage',
      '{"type":"withdraw","to":"0000000000000000","id":9}',
      '{"type":"withdraw"}',
      `{"type":"put","to":"${'0'.repeat(16)}","id":1,"rules":"all"}`,
    ]) {
      await guest.agent.line(line);
    }
    assert.deepEqual(guest.sent, []);
  });

  it('ignores requests before a hello of the host', async () => {
    const guest = new ModelGuest();
    await guest.start();
    const { epoch } = JSON.parse(guest.sent[0]);
    guest.sent.length = 0;
    await guest.agent.line(`{"type":"withdraw","to":"${epoch}","id":1}`);
    assert.deepEqual(guest.sent, []);
  });

  it('takes no lease while nothing guards it', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    guest.isRunning = false;
    assert.equal(await session.renew(guest.hostMs + 3_000), 'late');
    assert.deepEqual(
      (await session.put([rule(1, 'transmit')])).map(({ ok }) => ok),
      [false],
    );
  });

  it('tells the guard of a device before it has a rule', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    await session.renew(guest.hostMs + 3_000);
    const guarded: string[] = [];
    const { rules } = guest;
    const put = rules.put.bind(rules);
    rules.put = (list) => {
      guarded.push(...guest.guarded);
      return put(list);
    };
    await session.put([rule(1, 'transmit')]);
    const until = guest.guestMs + 3_000;
    assert.deepEqual(guarded, [`${until}`, `${until} eth0`]);
    await guest.agent.endLease();
    assert.equal(guest.guarded.at(-1), 'none eth0');
  });

  it('bounds the lease, whatever the host says', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    await session.renew(guest.hostMs + 1e12);
    assert.equal(guest.lease.untilMs, guest.guestMs + MAX_LEASE_MS);
  });

  it('never shortens the lease', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    await session.renew(guest.hostMs + 3_000);
    await session.renew(guest.hostMs + 1_000);
    assert.equal(guest.lease.untilMs, guest.guestMs + 3_000);
  });

  it('reports rules whose VF does not work any more', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const lost: number[] = [];
    session.listen({ lost: (total) => lost.push(total), leaving() {}, ended() {} });
    await session.renew(guest.hostMs + 3_000);
    await session.put([rule(1, 'transmit'), rule(2, 'receive')]);
    guest.rules.unusable.push(1, 2);
    await guest.agent.check();
    await session.counters();
    assert.deepEqual(lost, [2]);
  });
});
