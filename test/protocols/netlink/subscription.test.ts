import assert from 'node:assert/strict';
import { NetlinkUnusable } from '../../../protocols/netlink/errors.ts';
import { NetlinkSubscription } from '../../../protocols/netlink/subscription.ts';
import { eventually } from '../../support/eventually.ts';
import { type Datagram, part } from './support/fake-socket.ts';

/** A subscription to what `queue` has, and what its reader gets. */
function subscribed(queue: (Datagram | Error)[]) {
  const got: string[] = [];
  const socket = {
    join: () => undefined,
    receive: (): Datagram | undefined => {
      const next = queue.shift();
      if (next instanceof Error) throw next;
      return next;
    },
    close: () => undefined,
  };
  const reader = {
    notified: ({ payload }: { payload: Buffer }) => void got.push(payload.toString()),
    lost: () => void got.push('LOST'),
  };
  return { subscription: new NetlinkSubscription(0, [1], reader, socket), got, queue };
}

describe('netlink subscriptions', () => {
  it('deliver notifications in order, and say where some are lost', async () => {
    const { subscription, got } = subscribed([part(0, 'a'), 'overrun', part(0, 'b')]);
    try {
      await eventually('all notifications', () => got.length === 3, 1_000);
      assert.deepEqual(got, ['a', 'LOST', 'b']);
    } finally {
      subscription.close();
    }
  });

  it('take a failed read and a malformed datagram for a loss', () => {
    const failure = new NetlinkUnusable('recv', 5);
    const { subscription, got } = subscribed([failure, Buffer.alloc(3), part(0, 'c')]);
    subscription.drain();
    subscription.drain();
    assert.equal(subscription.drain(), true);
    assert.deepEqual(got, ['LOST', 'LOST', 'c']);
    subscription.close();
  });

  it('do not touch the socket after a reader has closed them', () => {
    let isClosed = false;
    const socket = {
      join: () => undefined,
      receive: () => {
        assert(!isClosed, 'the number of the socket may be that of another one');
        return part(0, 'a');
      },
      close: () => void (isClosed = true),
    };
    const reader = { notified: () => subscription.close(), lost: () => assert.fail() };
    const subscription = new NetlinkSubscription(0, [1], reader, socket);
    assert.equal(subscription.drain(), true);
    assert.equal(isClosed, true);
  });

  it('read a flood in several turns', () => {
    const flood = Array.from({ length: 300 }, (_, i) => part(0, String(i)));
    const { subscription, got } = subscribed(flood);
    assert.equal(subscription.drain(), false, 'some are left');
    assert.equal(subscription.drain(), true);
    assert.equal(got.length, 300);
    subscription.close();
  });
});
