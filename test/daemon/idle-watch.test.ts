import assert from 'node:assert/strict';
import { IdleWatch, type IdleReport } from '../../daemon/idle-watch.ts';
import type { PlanNumbers } from '../../engine/loop/tick-report.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { reasonIndex } from '../../engine/model/reason.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';
import { planOf } from '../support/plans.ts';

/** Period of loads, ms. */
const LOADS_MS = 250;
/** Time that a reading takes from the vSwitch, ms. */
const READING_MS = 30;

/** An {@link IdleWatch} in simulated time. */
class Rig {
  readonly watch = new IdleWatch();
  readonly table = new FlowTable();
  nowMs = 0;
  plan: Partial<PlanNumbers> = { contenders: 0 };
  entries = 0;
  held = false;

  constructor() {
    this.table.begin(0);
    this.table.observe(this.table.add(flowId(1), anyFrom('vm1'), outputTo('vm2')), 1, 100, 0);
    this.table.end();
  }

  /** One reading and its tick. */
  tick(): void {
    this.watch.beginReading();
    const report: IdleReport = {
      permission: this.held ? { may: 'evaluate', why: 'held' } : { may: 'move' },
      plans: [planOf(this.plan)],
      held: this.held,
      endedAtMs: this.nowMs,
      tick: { fresh: true, table: this.table },
    };
    this.watch.endTick(report, this.entries);
  }

  /** Ticks until the loop is idle; their number. */
  untilIdle(): number {
    for (let ticks = 1; ticks <= 20; ticks++) {
      this.nowMs += 250;
      this.tick();
      if (this.watch.isIdle) return ticks;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The port's next load. True if it wakes the loop. */
  load(rxBitsPerSecond: number): boolean {
    this.nowMs += LOADS_MS;
    const loads = new Map([['vm1', { rxBitsPerSecond, txBitsPerSecond: 0 }]]);
    return this.watch.wakesForLoads(loads, this.nowMs, READING_MS);
  }

  /** A burst of a second after `silenceMs`; number of wakes, each until the loop is idle again. */
  burst(rxBitsPerSecond: number, silenceMs: number): number {
    let wakes = 0;
    for (let ms = 0; ms < silenceMs; ms += LOADS_MS) if (this.load(1e6)) wakes++;
    for (let ms = 0; ms < 1_000; ms += LOADS_MS) if (this.load(rxBitsPerSecond)) wakes++;
    if (!this.watch.isIdle) this.untilIdle();
    return wakes;
  }
}

describe('idle watch', () => {
  let rig: Rig;
  beforeEach(() => (rig = new Rig()));

  it('is idle after eight ticks without anything to do, and counts the time since then', () => {
    assert.equal(rig.watch.quietMs(rig.nowMs), undefined);
    assert.equal(rig.untilIdle(), 8);
    assert.equal(rig.watch.quietMs(rig.nowMs), 0);
    rig.nowMs += 30_000;
    rig.tick();
    assert.equal(rig.watch.quietMs(rig.nowMs + 5_000), 35_000);
  });

  it('is not idle while a flow has or could get an entry', () => {
    rig.plan = { contenders: 1 };
    assert.equal(rig.untilIdle(), Number.POSITIVE_INFINITY);
    rig.plan = { contenders: 0 };
    rig.entries = 1;
    assert.equal(rig.untilIdle(), Number.POSITIVE_INFINITY);
    rig.entries = 0;
    rig.untilIdle();
    rig.plan = { contenders: 1 };
    rig.tick();
    assert.equal(rig.watch.quietMs(rig.nowMs), undefined);
  });

  it('is idle in a hold once all entries are removed, until it is released', () => {
    rig.held = true;
    rig.plan = { contenders: 900 };
    rig.entries = 1;
    assert.equal(rig.untilIdle(), Number.POSITIVE_INFINITY);
    rig.entries = 0;
    assert.equal(rig.untilIdle(), 8);
    rig.watch.wake();
    assert.equal(rig.watch.quietMs(rig.nowMs), undefined);
    rig.tick();
    assert.equal(rig.watch.isIdle, false);
  });

  it('is never quiet for long while entries on a port are close to worth what it costs', () => {
    const input = { port: 'vm1', isOpen: false, isWorth: false, costs: 100 };
    rig.plan = { contenders: 0, inputs: [{ ...input, saves: 49 }] };
    rig.untilIdle();
    rig.nowMs += 30_000;
    rig.tick();
    assert.equal(rig.watch.quietMs(rig.nowMs), 30_000);
    rig.plan = { contenders: 0, inputs: [{ ...input, saves: 50 }] };
    rig.tick();
    assert.equal(rig.watch.quietMs(rig.nowMs), 0);
  });

  for (const reason of ['refused', 'min-hold'] as const) {
    it(`is never quiet for long while a flow only has to wait (${reason})`, () => {
      rig.untilIdle();
      rig.table.decision.reason[rig.table.rows[0]] = reasonIndex(reason);
      rig.nowMs += 30_000;
      rig.tick();
      assert.equal(rig.watch.quietMs(rig.nowMs), 0);
      rig.table.decision.reason[rig.table.rows[0]] = reasonIndex('no-rule');
      rig.nowMs += 30_000;
      rig.tick();
      assert.equal(rig.watch.quietMs(rig.nowMs), 30_000);
    });
  }

  it('wakes when a port receives more than usual, and is idle again after four ticks', () => {
    rig.untilIdle();
    assert.equal(rig.load(1e6), false);
    assert.equal(rig.load(1.4e6), false);
    assert.equal(rig.load(2.5e6), true);
    assert.equal(rig.load(9e6), false, 'it is awake');
    assert.equal(rig.untilIdle(), 4);
  });

  it('wakes for bursts within a budget, and always for a load above all of the last minutes', () => {
    rig.untilIdle();
    let wakes = 0;
    for (let i = 0; i < 30; i++) wakes += rig.burst(20e6, 9_000);
    // 500 ms at once, and a thousandth of 30 times 10 s, at four readings of 30 ms a wake.
    const allowed = (500 + 300) / (4 * READING_MS);
    assert.ok(wakes >= 4 && wakes <= allowed + 2, `${wakes} wakes in 30 bursts`);
    assert.equal(rig.burst(40e6, 9_000), 1);
  });

  it('wakes for changed rules within the same budget', () => {
    assert.equal(rig.watch.wakesForRules(rig.nowMs, READING_MS), false, 'it is awake');
    let wakes = 0;
    for (let i = 0; i < 40; i++) {
      if (!rig.watch.isIdle) rig.untilIdle();
      rig.nowMs += 1_000;
      if (rig.watch.wakesForRules(rig.nowMs, READING_MS)) wakes++;
    }
    assert.ok(wakes >= 4 && wakes <= 6, `${wakes} wakes in 40 s`);
  });

  it('rests between a tick and the next reading', () => {
    rig.untilIdle();
    assert.equal(rig.watch.isResting, true);
    rig.watch.beginReading();
    assert.equal(rig.watch.isResting, false);
  });
});
