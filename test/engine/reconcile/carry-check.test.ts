import assert from 'node:assert/strict';
import { isCarried, pathOf } from '../../../engine/model/carriage.ts';
import { Placement, PLACEMENT_NAMES } from '../../../engine/model/flow.ts';
import { rowOf, type Seen } from '../../support/flows.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { Rig } from '../loop/engine-rig.ts';

const MINUTE_TICKS = 120;

/** A backend whose counters a test sets, with a heartbeat of one packet a second. */
class CountingBackend extends FakeBackend {
  override capabilities() {
    return { ...super.capabilities(), heartbeatMs: 1000, leaseMs: 2000 };
  }
}

/** Its counters are up to 4 s late. */
class LateBackend extends CountingBackend {
  override capabilities() {
    return { ...super.capabilities(), counterDelayMs: 4000 };
  }
}

/** Flows with rates of their own, and entries that carry a share of their packets. */
class Traffic {
  readonly rig: Rig;
  /** Packets per tick by flow. */
  readonly sent: Map<number, number>;
  /** Share of a flow's packets that its entry carries. */
  readonly #share: (n: number) => number;
  readonly #packets = new Map<number, number>();
  /** Carried packets that the backend has not reported yet. */
  readonly #unreported = new Map<number, number>();
  readonly #reportEvery: number;
  #ticks = 0;

  /** @param reportEvery ticks from one report of carried packets to the next */
  constructor(
    sent: Readonly<Record<number, number>>,
    share: (n: number) => number,
    backend = new CountingBackend(),
    reportEvery = 1,
  ) {
    this.rig = new Rig(backend, { minHoldMs: 0 });
    this.#reportEvery = reportEvery;
    this.sent = new Map(Object.entries(sent).map(([n, rate]) => [Number(n), rate]));
    this.#share = share;
  }

  /** Ticks of 500 ms; resolves to the reports' changes. */
  async run(ticks: number): Promise<readonly string[]> {
    const changes: string[] = [];
    for (let i = 0; i < ticks; i++) {
      const report = await this.rig.tick(this.#next());
      for (const { id, from, to, cause } of report.changes) {
        changes.push(`${id.w3} ${from} -> ${to}: ${cause}`);
      }
    }
    return changes;
  }

  #next(): readonly Seen[] {
    this.#ticks++;
    const installed = new Set(this.rig.installed());
    return [...this.sent].map(([n, sent]) => {
      const carried = installed.has(n) ? Math.floor(sent * this.#share(n)) : 0;
      const due = (this.#unreported.get(n) ?? 0) + carried;
      const isReported = due > 0 && this.#ticks % this.#reportEvery === 0;
      this.#unreported.set(n, isReported ? 0 : due);
      if (isReported) {
        const row = rowOf(this.rig.table, n);
        this.rig.table.carried(row, due, due * 100, this.rig.clock.now());
      }
      const packets = (this.#packets.get(n) ?? 0) + sent - carried;
      this.#packets.set(n, packets);
      return { n, packets, bytes: packets * 100 };
    });
  }
}

describe('entries that carry nothing', () => {
  it('are not those of a backend whose counters are late', async () => {
    // A report every 4 s, later than the window in which other entries are judged.
    const late = new Traffic({ 1: 500 }, () => 0.9, new LateBackend(), 8);
    await late.run(MINUTE_TICKS);
    assert.deepEqual(late.rig.installed(), [1]);
    const changes = await late.run(MINUTE_TICKS);
    assert.deepEqual(changes, []);
    // A backend that claims to be in time, and is not, loses the entry.
    const wrong = new Traffic({ 1: 500 }, () => 0.9, new CountingBackend(), 8);
    const released = await wrong.run(MINUTE_TICKS);
    assert(
      released.some((change) => change.includes('offload -> onload')),
      released.join(),
    );
  });

  it('of a late backend are released all the same', async () => {
    const late = new Traffic({ 1: 500 }, () => 0, new LateBackend(), 8);
    const changes = await late.run(MINUTE_TICKS);
    assert(
      changes.some((change) => change.includes('offload -> onload')),
      changes.join(),
    );
  });

  it('are released within a few ticks, while others stay', async () => {
    const t = new Traffic({ 1: 500, 2: 500 }, (n) => (n === 1 ? 0 : 0.99));
    const changes = await t.run(12);
    assert.deepEqual(changes, [
      '1 onload -> offload: policy',
      '2 onload -> offload: policy',
      '1 offload -> onload: carries-nothing',
    ]);
    assert.equal(t.rig.reason(1), 'carries-nothing');
    assert.deepEqual(t.rig.installed(), [2]);
  });

  it('are not shown as offloaded before they carry a packet', async () => {
    const t = new Traffic({ 1: 500, 2: 500 }, (n) => (n === 1 ? 0 : 0.99));
    await t.run(3);
    const { table } = t.rig;
    const paths = [1, 2].map((n) => PLACEMENT_NAMES[pathOf(table, rowOf(table, n))]);
    assert.deepEqual(paths, ['onload', 'offload']);
    assert.equal(t.rig.placement(1), Placement.offload);
    assert.equal(isCarried(table, rowOf(table, 1)), false);
  });

  it('are tried again after a minute, then after twice as long', async () => {
    const t = new Traffic({ 1: 500 }, () => 0);
    const at = async (ticks: number): Promise<number> =>
      (await t.run(ticks)).filter((c) => c.includes('-> offload')).length;
    assert.equal(await at(MINUTE_TICKS), 1);
    assert.equal(await at(MINUTE_TICKS), 1, 'after one minute');
    assert.equal(await at(MINUTE_TICKS), 0);
    assert.equal(await at(MINUTE_TICKS), 1, 'after two more minutes');
  });

  it('hold down all flows between their ports, when three carried nothing and none did', async () => {
    const sent = { 1: 500, 2: 500, 3: 500 };
    const t = new Traffic(sent, () => 0);
    await t.run(12);
    t.sent.set(4, 500);
    assert.deepEqual(await t.run(20), []);
    assert.equal(t.rig.reason(4), 'carries-nothing');
  });

  it('do not hold down flows between their ports while one entry carries packets', async () => {
    const t = new Traffic({ 1: 500, 2: 500, 3: 500, 4: 500 }, (n) => (n === 4 ? 0.99 : 0));
    await t.run(12);
    t.sent.set(5, 500);
    await t.run(2);
    assert.equal(t.rig.placement(5), Placement.offload);
  });

  it('are not those whose flow sends no more than heartbeats', async () => {
    const t = new Traffic({ 1: 1, 2: 0 }, () => 0);
    await t.run(5 * MINUTE_TICKS);
    assert.deepEqual(t.rig.installed(), [1, 2]);
  });

  it('are not judged by ticks in which the counters were not read', async () => {
    const t = new Traffic({ 1: 500 }, () => 0);
    const { rig } = t;
    let packets = 0;
    for (let i = 0; i < 30; i++) {
      packets += 500;
      rig.sources = [
        {
          name: 'fake',
          fresh: true,
          ageMs: 10,
          failures: 1,
          error: 'no answer',
          costMs: 1,
          periodMs: 500,
        },
      ];
      await rig.tick([{ n: 1, packets, bytes: packets * 100 }]);
    }
    assert.deepEqual(rig.installed(), [1]);
    rig.sources = [];
    for (let i = 0; i < 12; i++) {
      packets += 500;
      await rig.tick([{ n: 1, packets, bytes: packets * 100 }]);
    }
    assert.deepEqual(rig.installed(), []);
  });

  it('are not judged by a time in which the lease may have expired', async () => {
    const t = new Traffic({ 1: 500 }, () => 0);
    const { rig } = t;
    let packets = 0;
    for (let i = 0; i < 10; i++) {
      rig.clock.advance(5_000);
      packets += 5_000;
      await rig.tick([{ n: 1, packets, bytes: packets * 100 }]);
    }
    assert.deepEqual(rig.installed(), [1]);
  });
});
