import assert from 'node:assert/strict';
import type { HostSession } from '../../../protocols/guest-channel/host/host-session.ts';
import { openSession } from '../../../protocols/guest-channel/host/handshake.ts';
import { MemoryPair } from '../../support/guest/memory-pair.ts';
import { ModelGuest } from '../../support/guest/model-guest.ts';

const rule = {
  id: 1,
  direction: 'receive' as const,
  device: 'vf0',
  to: 'eth0',
  match: [],
};

/** The text of a reply to the request in `text`. */
function reply(text: string, result: object, more: object = {}): string {
  const { id } = JSON.parse(text);
  return `${JSON.stringify({ type: 'reply', id, clockMs: 1, lost: 0, result, ...more })}\n`;
}

const ALL_RULES = { of: 'put', rules: [{ id: 1, ok: true }] };

/** What a hostile guest answers, and the request that it answers. */
const ANSWERS: readonly {
  readonly what: string;
  readonly request: (session: HostSession) => Promise<unknown>;
  readonly answer: (text: string) => string;
}[] = [
  {
    what: 'to another request',
    request: (s) => s.put([rule]),
    answer: (text) => reply(text, ALL_RULES, { id: 99 }),
  },
  {
    what: 'twice',
    request: (s) => s.put([rule]).then(() => s.put([rule])),
    answer: (text) => reply(text, ALL_RULES) + reply(text, ALL_RULES),
  },
  {
    what: 'about a rule that it was not given',
    request: (s) => s.put([rule]),
    answer: (text) => reply(text, { of: 'put', rules: [{ id: 2, ok: true }] }),
  },
  {
    what: 'about more rules than it was given',
    request: (s) => s.put([rule]),
    answer: (text) =>
      reply(text, {
        of: 'put',
        rules: [
          { id: 1, ok: true },
          { id: 2, ok: true },
        ],
      }),
  },
  {
    what: 'with counters of a rule that it was not given',
    request: (s) => s.counters(),
    answer: (text) => reply(text, { of: 'counters', counters: [[7, 1, 1]], more: false }),
  },
  {
    what: 'with counters without end',
    request: (s) => s.counters(),
    answer: (text) => reply(text, { of: 'counters', counters: [], more: true }),
  },
  {
    what: 'with more deleted rules than it was asked to delete',
    request: (s) => s.delete([1]),
    answer: (text) => reply(text, { of: 'delete', rules: 2 }),
  },
  {
    what: 'with the result of another request',
    request: (s) => s.renew(1_000_000),
    answer: (text) => reply(text, { of: 'delete', rules: 0 }),
  },
  {
    what: 'with negative counters',
    request: (s) => s.counters(),
    answer: (text) => reply(text, { of: 'counters', counters: [[1, -1, 1]], more: false }),
  },
  {
    what: 'with terminal control characters',
    request: (s) => s.counters(),
    answer: (text) => reply(text, { of: 'error', why: '\u001b[2J' }),
  },
  { what: 'with garbage', request: (s) => s.counters(), answer: () => '[[[[\n' },
  { what: 'with an empty line', request: (s) => s.counters(), answer: () => '\n' },
  {
    what: 'with a line without an end',
    request: (s) => s.counters(),
    answer: () => 'x'.repeat(300_000),
  },
  {
    what: 'with nesting',
    request: (s) => s.counters(),
    answer: () => `${'['.repeat(200_000)}\n`,
  },
  {
    what: 'with farewells',
    request: (s) => s.counters(),
    answer: () => '{"type":"leaving"}\n{"type":"leaving"}\n',
  },
];

describe('hostile guest', () => {
  for (const { what, request, answer } of ANSWERS) {
    it(`that answers ${what} ends the session`, async () => {
      const guest = new ModelGuest();
      const session = await guest.session();
      guest.pair.guest.onText = (text) => guest.pair.guest.send(answer(text));
      await assert.rejects(request(session), { reason: 'violation' });
      assert.equal(session.end?.reason, 'violation');
      assert(guest.pair.isClosed);
    });
  }

  it('that repeats its hello ends the session', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const hello = guest.sent[0];
    for (let i = 0; i < 8; i++) guest.pair.guest.send(hello);
    const { end } = session;
    assert.equal(end, undefined);
    guest.pair.guest.send(hello);
    assert.match(String(session.end), /hello: expected one for each hello of the host/);
  });

  it('that sends before its hello is cut off', async () => {
    const pair = new MemoryPair();
    const options = { guest: 'vm1', timeoutMs: 100, nowMs: () => 0 };
    const opening = openSession(pair, options, new AbortController().signal);
    const chunk = Buffer.from(`${'x'.repeat(999)}\n`.repeat(64));
    for (let i = 0; i < 100; i++) pair.guest.send(chunk);
    await assert.rejects(opening, { reason: 'violation' });
    assert(pair.isClosed);
  });

  it('that reports another run again and again costs one session each time', async () => {
    const guest = new ModelGuest();
    const session = await guest.session();
    const other = new ModelGuest();
    other.pair.guest.send = (text) => guest.pair.guest.send(text);
    await other.start();
    assert.equal(session.end?.reason, 'restarted');
    // Nothing listens any more.
    guest.pair.guest.send('x'.repeat(1_000_000));
    assert.equal(session.end?.reason, 'restarted');
  });
});
