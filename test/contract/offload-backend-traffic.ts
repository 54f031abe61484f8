import assert from 'node:assert/strict';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { carried, idText, never } from './collect.ts';
import type { WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendFixture } from './offload-backend-fixture.ts';
import { del, put } from './offload-backend-operations.ts';

const PACKETS = 20;
const PASS_MS = 300;
/** Looks for frames that are watched, and the time between two of them, ms. */
const LOOKS = 100;
const LOOK_MS = 20;

/** Packets by destination. */
export interface Went {
  readonly out: number;
  readonly other: number;
  readonly vswitch: number;
}

/** Sends packets of a flow and returns where they went. */
export async function went(
  f: OffloadBackendFixture,
  flow: FlowSpec,
  packets = PACKETS,
): Promise<Went> {
  const look = async () => ({
    out: await f.received(f.outPort),
    other: await f.received(f.otherPort),
    vswitch: await f.passed(),
  });
  const before = await look();
  await f.send(flow, packets);
  const after = await look();
  return {
    out: after.out - before.out,
    other: after.other - before.other,
    vswitch: after.vswitch - before.vswitch,
  };
}

/** Everything was passed to the vSwitch. */
export function assertPassed(w: Went, packets = PACKETS): void {
  assert.deepEqual(w, { out: 0, other: 0, vswitch: packets });
}

/** The backend carried all to outPort; one packet may have been a heartbeat. */
export function assertCarried(w: Went, packets = PACKETS): void {
  assert.equal(w.out + w.vswitch, packets, 'no packet lost, none twice');
  assert.ok(w.vswitch <= 1, `${w.vswitch} of ${packets} packets went to the vSwitch`);
  assert.equal(w.other, 0);
}

/** What a backend does with packets, and what it reports. */
export function describeTraffic(withBackend: WithBackend): void {
  describe('packets', () => {
    it(
      'carries a flow while it has an entry, and passes it to the vSwitch otherwise',
      withBackend(async (f, backend) => {
        assertPassed(await went(f, f.flow(0)));
        await backend.apply([put(f.flow(0))], never());
        assertCarried(await went(f, f.flow(0)));
        assertPassed(await went(f, f.flow(1)));
        await backend.apply([del(f.flow(0))], never());
        assertPassed(await went(f, f.flow(0)));
      }),
    );

    it(
      'performs the new actions after a replacement',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        await backend.apply([put(f.redirected(0))], never());
        const w = await went(f, f.flow(0));
        assert.equal(w.out, 0);
        assert.equal(w.other + w.vswitch, PACKETS);
        assert.ok(w.vswitch <= 1);
      }),
    );

    it(
      'rewrites addresses and ports, and the checksums that cover them',
      withBackend(async (f, backend, context) => {
        const { rewriting } = f;
        if (rewriting === undefined || !backend.supports(rewriting.flow).ok) {
          context.skip();
          return;
        }
        const frames = await rewriting.watch();
        await backend.apply([put(rewriting.flow)], never());
        const w = await went(f, rewriting.flow);
        assertCarried(w);
        const hex = (bytes: Buffer) => bytes.toString('hex');
        // What watches may be a process of its own, which is behind.
        for (let look = 0; look < LOOKS && frames().length < w.out; look++) await f.pass(LOOK_MS);
        const arrived = new Set(frames().map(hex));
        assert.equal(arrived.size, w.out);
        // One of them may have been a heartbeat, which no vSwitch rewrites here.
        const expected = rewriting.expected(PACKETS).map(hex);
        assert.equal(expected.filter((frame) => arrived.has(frame)).length, w.out);
      }),
    );

    it(
      'drops the packets of a flow without actions',
      withBackend(async (f, backend, context) => {
        const dropped: FlowSpec = { ...f.flow(0), actions: [] };
        if (!backend.supports(dropped).ok) context.skip();
        await backend.apply([put(dropped)], never());
        const w = await went(f, dropped);
        assert.equal(w.out + w.other, 0);
        assert.ok(w.vswitch <= 1);
        const report = (await carried(backend)).get(idText(dropped));
        assert.equal(report?.packets, PACKETS - w.vswitch);
      }),
    );

    it(
      'performs the old actions or none after a refused replacement',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const worse: FlowSpec = { ...f.flow(0), actions: [{ kind: 'opaque', text: 'sample(1)' }] };
        await backend.apply([put(worse)], never());
        const w = await went(f, f.flow(0));
        assert.equal(w.other, 0);
        assert.equal(w.out + w.vswitch, PACKETS);
      }),
    );

    it(
      'reports traffic exactly once',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.flow(1)), put(f.flow(2))], never());
        const first = await went(f, f.flow(0));
        const second = await went(f, f.flow(1), 7);
        const sums = await carried(backend);
        const report = sums.get(idText(f.flow(0)));
        assert.equal(report?.packets, first.out);
        assert.equal(report?.bytes, first.out * f.frameBytes);
        assert.equal(report?.reports, 1);
        assert.equal(sums.get(idText(f.flow(1)))?.packets, second.out);
        assert.equal(sums.get(idText(f.flow(2))), undefined, 'no traffic, not report');
        assert.equal((await carried(backend)).size, 0, 'nothing since');
        const third = await went(f, f.flow(0));
        assert.equal((await carried(backend)).get(idText(f.flow(0)))?.packets, third.out);
      }),
    );

    it(
      'reports the time of the last packet, or that it is unknown',
      withBackend(async (f, backend) => {
        const flow = f.flow(0);
        await backend.apply([put(flow), put(f.flow(1))], never());
        /** The report of flow 0, and the longest possible time since `sentMs`. */
        const look = async (sentMs: number) => {
          const idleMs = (await carried(backend)).get(idText(flow))?.idleMs;
          return {
            idleMs: idleMs ?? assert.fail('not report'),
            atMostMs: performance.now() - sentMs,
          };
        };
        let sentMs = performance.now();
        await f.send(flow, PACKETS);
        if (!backend.capabilities().reportsLastPacket) {
          assert.ok((await look(sentMs)).idleMs < 0);
          return;
        }
        await f.pass(PASS_MS);
        await f.send(f.flow(1), 1);
        const quiet = await look(sentMs);
        assert.ok(quiet.idleMs >= PASS_MS - 5, `${quiet.idleMs} ms`);
        // The fixture's clock may be simulated, and only advances with `pass`.
        assert.ok(quiet.idleMs <= quiet.atMostMs + PASS_MS, `${quiet.idleMs} ms`);

        sentMs = performance.now();
        await f.send(flow, PACKETS);
        const busy = await look(sentMs);
        assert.ok(busy.idleMs >= 0 && busy.idleMs <= busy.atMostMs, JSON.stringify(busy));

        await f.send(flow, PACKETS);
        await backend.apply([del(flow)], never());
        await f.pass(PASS_MS);
        const gone = await look(sentMs);
        assert.ok(gone.idleMs >= PASS_MS - 5, `${gone.idleMs} ms after it was taken out`);
        assert.ok(gone.idleMs <= gone.atMostMs + PASS_MS, JSON.stringify(gone));
      }),
    );

    it(
      'reports traffic of entries that were deleted since, and of those put again',
      withBackend(async (f, backend) => {
        const flow = f.flow(0);
        await backend.apply([put(flow)], never());
        const first = await went(f, flow);
        await backend.apply([del(flow)], never());
        assert.equal((await carried(backend)).get(idText(flow))?.packets, first.out);
        assert.equal((await carried(backend)).size, 0);

        await backend.apply([put(flow)], never());
        const second = await went(f, flow);
        await backend.apply([del(flow), put(flow)], never());
        const third = await went(f, flow);
        const sum = (await carried(backend)).get(idText(flow));
        assert.equal(sum?.packets, second.out + third.out);
        assert.equal(sum?.reports, 1);
      }),
    );

    it(
      'reports traffic from before everything was withdrawn',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const w = await went(f, f.flow(0));
        await backend.withdrawAll();
        assert.equal((await carried(backend)).get(idText(f.flow(0)))?.packets, w.out);
        assertPassed(await went(f, f.flow(0)));
      }),
    );

    it(
      'keeps counting across a replacement',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const first = await went(f, f.flow(0));
        await backend.apply([put(f.redirected(0))], never());
        const second = await went(f, f.flow(0));
        const sum = (await carried(backend)).get(idText(f.flow(0)));
        assert.equal(sum?.packets, first.out + second.other);
      }),
    );
  });
}
