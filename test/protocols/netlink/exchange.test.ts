import assert from 'node:assert/strict';
import {
  DumpInterrupted,
  NetlinkBusy,
  NetlinkRefused,
  NetlinkTimeout,
  NetlinkUnusable,
} from '../../../protocols/netlink/errors.ts';
import { FLAG, type NetlinkMessage } from '../../../protocols/netlink/message.ts';
import { MAX_BATCH, NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { ack, type Datagram, done, FakeSocket, part } from './support/fake-socket.ts';

type Answer = (requests: readonly NetlinkMessage[]) => readonly Datagram[];

const REQUEST = { name: 'RTM_X', type: 20, payload: Buffer.alloc(4) };

/** Requests on fake sockets, and the sockets that they opened. */
function exchange(answer: Answer, timeoutMs = 1_000) {
  const sockets: FakeSocket[] = [];
  const open = (): FakeSocket => {
    const socket = new FakeSocket(answer);
    sockets.push(socket);
    return socket;
  };
  return { requests: new NetlinkRequests(0, { timeoutMs, open }), sockets };
}

const texts = (messages: readonly NetlinkMessage[]): string[] =>
  messages.map(({ payload }) => payload.toString());

describe('netlink dumps', () => {
  it('collect the messages of all datagrams', async () => {
    const { requests } = exchange(([{ sequence: n }]) => [
      Buffer.concat([part(n, 'a'), part(n, 'b')]),
      Buffer.concat([part(n, 'c'), done(n)]),
    ]);
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['a', 'b', 'c']);
  });

  it('are repeated when a change interrupts them, and forget the interrupted part', async () => {
    let attempts = 0;
    const { requests, sockets } = exchange(([{ sequence: n }]) =>
      ++attempts === 1
        ? [part(n, 'old', FLAG.multi | FLAG.dumpInterrupted), done(n)]
        : [part(n, 'new'), done(n)],
    );
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['new']);
    assert.equal(sockets.length, 1, 'on the same socket');
  });

  it('are repeated when messages are lost', async () => {
    let attempts = 0;
    const { requests } = exchange(([{ sequence: n }]) =>
      ++attempts === 1 ? [part(n, 'a'), 'overrun', done(n)] : [part(n, 'b'), done(n)],
    );
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['b']);
  });

  it('are repeated when their end is lost', async () => {
    let attempts = 0;
    const { requests } = exchange(([{ sequence: n }]) =>
      ++attempts === 1 ? [part(n, 'a'), 'overrun'] : [part(n, 'b'), done(n)],
    );
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['b']);
  });

  it('fail after ten interruptions', async () => {
    const { requests, sockets } = exchange(([{ sequence: n }]) => [
      part(n, 'a', FLAG.multi | FLAG.dumpInterrupted),
      done(n),
    ]);
    await assert.rejects(requests.dump('RTM_X', 20, Buffer.alloc(4)), DumpInterrupted);
    assert.equal(sockets[0].written.length, 10);
  });

  it('ignore answers to earlier requests', async () => {
    const { requests } = exchange(([{ sequence: n }]) => [
      part(n - 1, 'stale'),
      done(n - 1),
      part(n, 'a'),
      done(n),
    ]);
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['a']);
  });

  it('fail with the error at their end or instead of it', async () => {
    for (const end of [done, ack]) {
      const { requests } = exchange(([{ sequence: n }]) => [part(n, 'a'), end(n, 95)]);
      await assert.rejects(
        requests.dump('RTM_X', 20, Buffer.alloc(4)),
        (error) => error instanceof NetlinkRefused && error.code === 'EOPNOTSUPP',
      );
    }
  });

  it('end with the signal of the caller, and the next uses another socket', async () => {
    const { requests, sockets } = exchange(([{ sequence: n }]) => [part(n, 'a'), done(n)]);
    const stop = new AbortController();
    const reader = { begin: () => undefined, message: () => stop.abort(new Error('enough')) };
    const dump = requests.dumpTo('RTM_X', 20, Buffer.alloc(4), reader, stop.signal);
    await assert.rejects(dump, /enough/);
    assert(sockets[0].isClosed);
    assert.deepEqual(texts(await requests.dump('RTM_X', 20, Buffer.alloc(4))), ['a']);
    assert.equal(sockets.length, 2);
  });
});

describe('netlink requests', () => {
  it('return answers, and fail with the explanation of the kernel', async () => {
    const { requests } = exchange(([{ sequence: n, flags }]) => {
      assert.equal(flags & FLAG.ack, FLAG.ack);
      return [part(n, 'answer', 0), ack(n)];
    });
    assert.deepEqual(texts(await requests.request(REQUEST)), ['answer']);
    const refused = exchange(([{ sequence: n }]) => [ack(n, 22, 'no such thing')]);
    await assert.rejects(refused.requests.request(REQUEST), /RTM_X: EINVAL \(no such thing\)/);
  });

  it('are sent 128 at once, and answered in their order', async () => {
    const { requests, sockets } = exchange((all) =>
      // The kernel answers in order; the last of a write is refused.
      all.map(({ sequence }, i) => ack(sequence, i === all.length - 1 ? 2 : 0)),
    );
    const answers = await requests.batch(Array.from({ length: 300 }, () => REQUEST));
    assert.deepEqual(
      sockets[0].written.map((all) => all.length),
      [MAX_BATCH, MAX_BATCH, 300 - 2 * MAX_BATCH],
    );
    const refused = answers.flatMap((answer, i) => (answer instanceof NetlinkRefused ? [i] : []));
    assert.deepEqual(refused, [MAX_BATCH - 1, 2 * MAX_BATCH - 1, 299]);
  });

  it('fail when an answer is lost, and the next uses another socket', async () => {
    let isLossy = true;
    const { requests, sockets } = exchange(([{ sequence: n }]) => (isLossy ? [] : [ack(n)]));
    await assert.rejects(requests.request(REQUEST), NetlinkUnusable);
    isLossy = false;
    assert.deepEqual(await requests.request(REQUEST), []);
    assert.equal(sockets.length, 2);
  });

  it('give up after their time; while the kernel has not returned, others fail at once', async () => {
    const { requests, sockets } = exchange(([{ sequence: n }]) => [ack(n)], 20);
    let free = (): void => undefined;
    sockets[0].write = () => {
      sockets[0].isInUse = true;
      return new Promise((resolve) => {
        free = () => {
          sockets[0].isInUse = false;
          resolve();
        };
      });
    };
    await assert.rejects(requests.request(REQUEST), NetlinkTimeout);
    await assert.rejects(requests.request(REQUEST), NetlinkBusy);
    assert.equal(sockets.length, 1, 'no other thread waits');
    free();
    assert.deepEqual(await requests.request(REQUEST), []);
    assert.equal(sockets.length, 2);
  });

  it('fail after close', async () => {
    const { requests } = exchange(([{ sequence: n }]) => [ack(n)]);
    requests.close();
    await assert.rejects(requests.request(REQUEST), /after close/);
  });
});
