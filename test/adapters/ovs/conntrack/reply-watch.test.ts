import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConnectionRecord } from '../../../../adapters/ovs/conntrack/connection-record.ts';
import { Generation } from '../../../../adapters/ovs/conntrack/generation.ts';

const UDP = 17;

/** Conntrack's side: one connection, which may end and be recreated by its next packet. */
class Conversation {
  #endsAtMs = Number.NEGATIVE_INFINITY;
  hasReplied = false;

  packet(nowMs: number, isReply: boolean): void {
    const isThere = nowMs < this.#endsAtMs;
    if (!isThere) this.hasReplied = false;
    // A reply alone begins a connection of its own.
    if (!isThere && isReply) return;
    this.hasReplied ||= isReply;
    this.#endsAtMs = nowMs + (this.hasReplied ? 30_000 : 60_000);
  }

  /** Whole seconds; undefined when it has ended. */
  timeout(nowMs: number): number | undefined {
    return nowMs < this.#endsAtMs ? Math.floor((this.#endsAtMs - nowMs) / 1_000) : undefined;
  }
}

/** Our side: dumps of that connection. */
class Dumps {
  #current = new Generation();
  #next = new Generation();

  /** Reads a dump and returns whether the connection has certainly seen a reply. */
  read(startMs: number, endMs: number, timeout: number | undefined, isComplete = true): boolean {
    const [before, next] = [this.#current, this.#next];
    const record = new ConnectionRecord();
    record.protocol = UDP;
    record.tuples.set([1, 0, 0, 0, 2, 0, 0, 0, 3, 2, 0, 0, 0, 1, 0, 0, 0, 4]);
    record.timeoutSeconds = timeout ?? 0;
    next.begin({ startMs, endMs }, 1, true);
    if (timeout !== undefined) next.add(record, before);
    next.finish(isComplete);
    this.#current = next;
    this.#next = before;
    const row = next.store.rowOf(record);
    return row >= 0 && next.store.isEstablishedAt(row);
  }
}

describe('whether a connection without states has seen a reply', () => {
  it('is never claimed of one that has not', () => {
    const step = fc.record({
      waitMs: fc.oneof(
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1, max: 40_000 }),
        fc.integer({ min: 27_000, max: 33_000 }),
      ),
      what: fc.constantFrom('packet', 'packet', 'reply', 'dump', 'dump', 'partial'),
      lateMs: fc.integer({ min: 0, max: 500 }),
    });
    let claims = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), (steps) => {
        const conversation = new Conversation();
        const dumps = new Dumps();
        let nowMs = 0;
        for (const { waitMs, what, lateMs } of steps) {
          nowMs += waitMs;
          if (what === 'packet' || what === 'reply') {
            conversation.packet(nowMs, what === 'reply');
            continue;
          }
          // vswitchd prints at any time between the request and the reply.
          const timeout = conversation.timeout(nowMs);
          const truth = conversation.hasReplied;
          // A partial dump lacks the connection.
          const seen = what === 'partial' ? undefined : timeout;
          const claim = dumps.read(nowMs - lateMs, nowMs + lateMs, seen, what === 'dump');
          if (claim) claims++;
          assert.ok(!claim || truth, `claimed at ${nowMs} ms`);
          nowMs += lateMs;
        }
      }),
      { numRuns: 1_000 },
    );
    assert.ok(claims > 100, 'some of them are claimed');
  });

  for (const periodMs of [250, 1_000, 6_000, 20_000]) {
    it(`is known at the first dump that is 1.4 s later than another, read every ${periodMs} ms`, () => {
      const conversation = new Conversation();
      const dumps = new Dumps();
      let knownAtMs: number | undefined;
      conversation.packet(0, false);
      conversation.packet(0, true);
      for (let nowMs = 100; nowMs < 60_000; nowMs += 50) {
        if (nowMs % 200 === 0) conversation.packet(nowMs, nowMs % 400 === 0);
        if (
          nowMs % periodMs === 0 &&
          dumps.read(nowMs - 5, nowMs + 5, conversation.timeout(nowMs))
        ) {
          knownAtMs ??= nowMs;
        } else if (nowMs % periodMs === 0) {
          assert.equal(knownAtMs, undefined, `no longer known at ${nowMs} ms`);
        }
      }
      // Earlier if the dump is made right after a packet.
      assert.ok(knownAtMs !== undefined && knownAtMs > periodMs, 'not at the first');
      assert.ok(knownAtMs <= periodMs * (1 + Math.ceil(1_411 / periodMs)), `${knownAtMs} ms`);
    });
  }

  it('is known at the first dump after the first reply of a connection that is watched', () => {
    const conversation = new Conversation();
    const dumps = new Dumps();
    for (let nowMs = 100; nowMs <= 9_000; nowMs += 100) {
      conversation.packet(nowMs, nowMs > 5_000);
      if (nowMs % 500 !== 0) continue;
      const isKnown = dumps.read(nowMs - 5, nowMs + 5, conversation.timeout(nowMs));
      assert.equal(isKnown, nowMs > 5_000, `at ${nowMs} ms`);
    }
  });

  it('stays unknown when too much time passes between dumps', () => {
    const conversation = new Conversation();
    const dumps = new Dumps();
    conversation.packet(0, false);
    for (let nowMs = 100; nowMs < 200_000; nowMs += 100) {
      conversation.packet(nowMs, true);
      if (nowMs % 31_000 === 0) {
        assert.equal(dumps.read(nowMs, nowMs, conversation.timeout(nowMs)), false);
      }
    }
  });
});
