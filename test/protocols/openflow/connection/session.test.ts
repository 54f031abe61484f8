import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { Version } from '../../../../protocols/openflow/codec/version.ts';
import { dial } from '../../../../protocols/openflow/connection/dial.ts';
import {
  NoCommonVersion,
  SwitchBusy,
  SwitchDisconnected,
  SwitchError,
  SwitchProtocolError,
  SwitchTimeout,
  SwitchUnreachable,
} from '../../../../protocols/openflow/connection/errors.ts';
import {
  Session,
  SESSION_DEFAULTS,
  type SessionOptions,
} from '../../../../protocols/openflow/connection/session.ts';
import { negotiate } from '../../../../protocols/openflow/connection/version.ts';
import { never } from '../../../contract/collect.ts';
import { ModelSwitch } from '../support/model-switch.ts';
import { eventually } from '../../../support/eventually.ts';

const QUICK = { timeoutMs: 150, echoAfterMs: 80, goneAfterMs: 300 };
const HELLO = { type: 'hello', xid: 1, other: new Uint8Array(0) } as const;

describe('an OpenFlow session', () => {
  let folder: string;
  let model: ModelSwitch;
  const sessions: Session[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-session-'));
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close();
    await model?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const talk = async (version: Version, over: Partial<SessionOptions> = {}): Promise<Session> => {
    model = new ModelSwitch({ version, bundles: true, ports: ['a', 'b'] });
    const path = join(folder, 'switch');
    await model.listen(path);
    const socket = await dial({ kind: 'unix', path }, undefined, never());
    const options = { ...SESSION_DEFAULTS, ...QUICK, maxVersion: 4, ...over } as const;
    const session = await Session.open('the model', socket, options, never());
    sessions.push(session);
    return session;
  };
  const barrier = (session: Session, signal?: AbortSignal) =>
    session.request((xid) => ({ type: 'barrier-request', xid }), signal);

  it('negotiates the highest common version', async () => {
    assert.equal((await talk(4)).version, 4);
    await model.close();
    assert.equal((await talk(1)).version, 1);
    await model.close();
    assert.equal((await talk(4, { maxVersion: 1 })).version, 1);
  });

  it('uses version bitmaps, or headers without them', () => {
    const say = (offered: readonly Version[], theirs: number, versions?: readonly number[]) =>
      negotiate(offered, theirs, { ...HELLO, versions });
    assert.equal(say([1, 4], 6, [1, 4, 6]), 4);
    assert.equal(say([1, 4], 6, [1, 6]), 1);
    assert.equal(say([1, 4], 6), 4);
    assert.equal(say([1, 4], 1), 1);
    assert.equal(say([1], 4, [1, 4]), 1);
    assert.throws(() => say([1, 4], 6, [2, 6]), NoCommonVersion);
    assert.throws(() => say([1, 4], 2), NoCommonVersion);
  });

  it('answers echo requests and passes unsolicited messages on', async () => {
    const session = await talk(4);
    const heard: string[] = [];
    session.onMessage((message) => heard.push(message.type));
    model.tell({ type: 'echo-request', xid: 99, data: Uint8Array.of(1, 2, 3) });
    model.setLink('a', false);
    await eventually('the answers', () => heard.length > 0 && hasEcho(model));
    assert.deepEqual(heard, ['port-status']);
  });

  it('rejects the request of an error, with its name', async () => {
    const session = await talk(4);
    const other = barrier(session);
    const request = session.request((xid) => ({ type: 'get-async-request', xid }));
    const rejected = assert.rejects(request, (error: unknown) => {
      assert.ok(error instanceof SwitchError);
      assert.deepEqual([error.identity.errorType, error.identity.code], [1, 6]);
      assert.match(error.message, /bad.request/i);
      assert.match(error.message, /bad.len/i);
      return true;
    });
    await eventually('the request', () => model.heard.some((m) => m.type === 'get-async-request'));
    const { xid = 0 } = model.heard.find((m) => m.type === 'get-async-request') ?? {};
    const about = { errorType: 1, code: 6, experimenter: 0, data: new Uint8Array(0) };
    model.tell({ type: 'error', xid, ...about });
    await rejected;
    assert.equal((await other).type, 'barrier-reply');
  });

  it('times a request out, and continues', async () => {
    const session = await talk(4, { echoAfterMs: 10_000, goneAfterMs: 20_000 });
    model.silent = true;
    const startMs = performance.now();
    await assert.rejects(barrier(session), SwitchTimeout);
    assert.ok(performance.now() - startMs < 1_000);
    model.silent = false;
    assert.equal((await barrier(session)).type, 'barrier-reply');
    await assert.rejects(barrier(session, AbortSignal.abort(new Error('no'))), /no/);
  });

  it('sends echo requests to a silent switch, and ends without an answer', async () => {
    const session = await talk(4);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(!session.ended.aborted, 'echoes keep it alive');
    assert.ok(model.heard.some((m) => m.type === 'echo-request'));
    model.silent = true;
    const asked = barrier(session).catch((error: unknown) => error);
    await eventually('its end', () => session.ended.aborted, 2_000);
    assert.ok(session.ended.reason instanceof SwitchDisconnected);
    assert.ok((await asked) instanceof Error);
    assert.throws(() => session.send({ type: 'barrier-request', xid: 1 }), SwitchDisconnected);
  });

  it('bounds pending requests, and parts of an answer', async () => {
    const session = await talk(4, { maxPending: 2, maxParts: 3 });
    const three = [barrier(session), barrier(session), barrier(session)];
    const results = await Promise.allSettled(three);
    assert.deepEqual(
      results.map((r) => r.status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
    const [, , third] = results;
    assert.ok(third.status === 'rejected' && third.reason instanceof SwitchBusy);
    for (let n = 0; n < 12; n++) {
      model.table.rules.push({
        priority: n,
        cookie: 0n,
        match: { kind: 'oxm', fields: [] },
        instructions: [],
        hardTimeout: 0,
        setAtMs: 0,
        packets: n,
        bytes: n,
      });
    }
    const all = { tableId: 0, outPort: 0xffffffff, outGroup: 0xffffffff } as const;
    const match = { kind: 'oxm', fields: [] } as const;
    const body = { kind: 'flow', ...all, cookie: 0n, cookieMask: 0n, match } as const;
    await assert.rejects(
      session.multipart(body, () => undefined),
      SwitchProtocolError,
    );
  });

  it('puts an answer of many parts together', async () => {
    const session = await talk(4);
    for (let n = 0; n < 10; n++) {
      const match = { kind: 'oxm', fields: [] } as const;
      const counts = { hardTimeout: 0, setAtMs: 0, packets: n, bytes: n };
      model.table.rules.push({ priority: n, cookie: 0n, match, instructions: [], ...counts });
    }
    const seen: number[] = [];
    const any = { outPort: 0xffffffff, outGroup: 0xffffffff, cookie: 0n, cookieMask: 0n };
    await session.multipart(
      { kind: 'flow', tableId: 0, ...any, match: { kind: 'oxm', fields: [] } },
      (part) => {
        if (part.kind === 'flow') seen.push(...part.flows.map((flow) => flow.priority));
      },
    );
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('keeps no more than its bound for a switch that does not read', async () => {
    const session = await talk(4, { maxQueuedBytes: 64 * 1024, goneAfterMs: 5_000 });
    model.pause();
    const data = new Uint8Array(60_000);
    assert.throws(() => {
      for (let n = 0; n < 100; n++) session.send({ type: 'echo-request', xid: n + 100, data });
    }, SwitchBusy);
    const batch = session.batch(
      1_000,
      (_, xid) => ({ type: 'echo-request', xid, data }),
      () => undefined,
    );
    await assert.rejects(batch.send(never()));
    batch.stop();
  });

  it('ends on bytes that are not OpenFlow, and rejects pending requests', async () => {
    for (const garbage of [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Uint8Array.of(4, 0, 0, 4, 0, 0, 0, 0),
      Uint8Array.of(4, 19, 0, 9, 0, 0, 0, 0, 1),
    ]) {
      const session = await talk(4);
      model.silent = true;
      const waiting = assert.rejects(barrier(session), SwitchDisconnected);
      model.babble(garbage);
      await waiting;
      assert.ok(session.ended.aborted);
      await model.close();
    }
  });

  it('handles an end of the connection at any byte', async () => {
    for (let cut = 0; cut < 60; cut += 3) {
      const session = await talk(4);
      model.cutAfter = cut;
      const answers = [barrier(session), barrier(session), barrier(session), barrier(session)];
      const results = await Promise.allSettled(answers);
      assert.equal(
        results.filter((r) => r.status === 'fulfilled').length,
        Math.min(4, Math.floor(cut / 8)),
      );
      await model.close();
    }
  });

  it('reports a switch with another version, and an unreachable one', async () => {
    model = new ModelSwitch({ version: 4, bundles: true, ports: [] });
    model.hello = encode({ ...HELLO, versions: [4] }, 4).slice();
    const path = join(folder, 'switch');
    await model.listen(path);
    const socket = await dial({ kind: 'unix', path }, undefined, never());
    const options = { ...SESSION_DEFAULTS, ...QUICK, maxVersion: 1 } as const;
    await assert.rejects(Session.open('it', socket, options, never()), NoCommonVersion);
    await eventually('an error', () => model.heard.some((m) => m.type === 'error'));
    const nowhere = { kind: 'unix', path: join(folder, 'nowhere') } as const;
    await assert.rejects(dial(nowhere, undefined, never()), SwitchUnreachable);
  });
});

function hasEcho(model: ModelSwitch): boolean {
  return model.heard.some(
    (m) => m.type === 'echo-reply' && m.xid === 99 && m.data.join() === '1,2,3',
  );
}
