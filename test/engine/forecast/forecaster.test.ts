import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Sfc32 } from '../../../adapters/emulator/random.ts';
import { Forecaster } from '../../../engine/forecast/forecaster.ts';
import { Placement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { updateRates } from '../../../telemetry/rates.ts';
import { anyFrom, flowId, outputTo, rowOf } from '../../support/flows.ts';

const TICK_MS = 250;
const PACKET = 1000;

/** A flow table and a forecaster, fed tick by tick with what each flow sent. */
class Traffic {
  readonly table = new FlowTable();
  readonly forecaster = new Forecaster();
  counterDelaysMs: readonly number[] = [0, 0, 0];
  /** A backend carries the traffic. */
  isCarried = false;
  readonly #packets = new Map<number, number>();
  #nowMs = 10_000;
  #empty = true;

  /** One tick; `sent`: packets by flow number, and ms from the last packet to the tick's end. */
  tick(sent: ReadonlyMap<number, readonly [packets: number, idleMs: number]>, bitShare = 0): void {
    this.#nowMs += TICK_MS;
    const { table } = this;
    if (this.#empty) {
      // An empty first reading, so that the flows of the first tick have a rate.
      this.#empty = false;
      table.begin(this.#nowMs - TICK_MS);
      table.end();
      updateRates(table, 1000);
    }
    table.begin(this.#nowMs);
    for (const [n, [packets, idleMs]] of sent) {
      const sum = (this.#packets.get(n) ?? 0) + packets;
      this.#packets.set(n, sum);
      let row = table.rowOf(flowId(n));
      if (row < 0) row = table.add(flowId(n), anyFrom('vm1'), outputTo('vm2'));
      if (this.isCarried) {
        table.decision.placement[row] = Placement.offload;
        table.observe(row, 0, 0, -1);
        if (packets > 0) {
          table.carried(row, packets, packets * PACKET, this.#nowMs, Placement.offload);
        }
      } else {
        table.observe(row, sum, sum * PACKET, idleMs);
      }
    }
    table.end();
    updateRates(table, 1000, this.counterDelaysMs);
    this.forecaster.update(table, bitShare);
  }

  worthOf(n: number): number {
    return this.table.forecast.worth[rowOf(this.table, n)];
  }
}

describe('forecast', () => {
  it('does not take a report that is late for silence', () => {
    const LATE_MS = 2000;
    /** What a steady flow is worth after `silentMs` without a report. */
    const worthAfter = (silentMs: number, delayMs: number): number => {
      const traffic = new Traffic();
      traffic.counterDelaysMs = [0, delayMs, 0];
      traffic.isCarried = true;
      for (let i = 0; i < 40; i++) traffic.tick(new Map([[1, [10, 0]]]));
      for (let ms = TICK_MS; ms <= silentMs; ms += TICK_MS) {
        traffic.tick(new Map([[1, [0, ms]]]));
      }
      return traffic.worthOf(1);
    };
    const steady = worthAfter(0, LATE_MS);
    assert.ok(worthAfter(LATE_MS - TICK_MS, LATE_MS) > 0.9 * steady);
    assert.ok(worthAfter(2 * LATE_MS, LATE_MS) < 0.5 * steady);
    assert.ok(worthAfter(LATE_MS - TICK_MS, 0) < 0.5 * steady);
  });

  it('expects a steady flow to continue, and nothing from a silent flow', () => {
    const traffic = new Traffic();
    for (let tick = 0; tick < 400; tick++) {
      traffic.tick(
        new Map([
          [1, [250, 1]],
          [2, [0, -1]],
        ]),
      );
    }
    assert.ok(Math.abs(traffic.worthOf(1) - 1000) < 150, `${traffic.worthOf(1)}`);
    assert.ok(traffic.worthOf(2) < 20);
  });

  it('learns that flows that stopped before the end of a tick have ended', () => {
    const traffic = new Traffic();
    const random = new Sfc32(7);
    let next = 100;
    // Flows live for one or more ticks; in their last one they stop half-way.
    let alive: number[] = [];
    for (let tick = 0; tick < 300; tick++) {
      const sent = new Map<number, readonly [number, number]>();
      while (alive.length < 40) alive.push(next++);
      alive = alive.filter((n) => {
        const ends = random.uniform() < 0.5;
        sent.set(n, ends ? [60, 150] : [60, 2]);
        return !ends;
      });
      traffic.tick(sent);
    }
    const sending = alive[0];
    traffic.tick(
      new Map([
        [sending, [60, 2]],
        [9999, [60, 150]],
      ]),
    );
    assert.ok(traffic.worthOf(sending) > 3 * traffic.worthOf(9999));
  });

  it('starts the mean of a flow with its first rate', () => {
    const traffic = new Traffic();
    traffic.tick(new Map([[1, [250, 1]]]));
    const { forecast } = traffic.table;
    assert.equal(forecast.meanPacketsPerSecond[rowOf(traffic.table, 1)], 1000);
    assert.equal(forecast.meanBitsPerSecond[rowOf(traffic.table, 1)], 8e6);
  });

  it('discounts what a flow will send: a rate that halves each tick', () => {
    // With g = exp(-250 / 500), V(x) = (1 - g) x / 2 + g V(x / 2), so that V(x) = x (1 - g) / (2 - g).
    const g = Math.exp(-TICK_MS / 500);
    const expected = (1 - g) / (2 - g);
    const traffic = new Traffic();
    const random = new Sfc32(3);
    let next = 0;
    let flows: { n: number; packets: number }[] = [];
    for (let tick = 0; tick < 400; tick++) {
      flows = flows
        .map(({ n, packets }) => ({ n, packets: packets / 2 }))
        .filter(({ packets }) => packets >= 1);
      while (flows.length < 30) flows.push({ n: next++, packets: 2 ** (7 + random.below(6)) });
      traffic.tick(new Map(flows.map(({ n, packets }) => [n, [packets, 1]])));
    }
    const large = flows.filter(({ packets }) => packets >= 64);
    const ratios = large.map(({ n, packets }) => traffic.worthOf(n) / ((packets * 1000) / TICK_MS));
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    assert.ok(Math.abs(mean / expected - 1) < 0.15, `${mean}, not ${expected}`);
  });

  it('counts bits as packets of mean size, weighted by the bit share', () => {
    for (const [bitShare, larger] of [
      [0, false],
      [1, true],
    ] as const) {
      const table = new FlowTable();
      const forecaster = new Forecaster();
      table.begin(0);
      table.end();
      updateRates(table, 1000);
      for (let tick = 1; tick < 20; tick++) {
        table.begin(tick * TICK_MS);
        for (const [n, packets, size] of [
          [1, 100, 1500],
          [2, 300, 100],
        ] as const) {
          let row = table.rowOf(flowId(n));
          if (row < 0) row = table.add(flowId(n), anyFrom('vm1'), outputTo('vm2'));
          table.observe(row, tick * packets, tick * packets * size, 1);
        }
        table.end();
        updateRates(table, 1000);
        forecaster.update(table, bitShare);
      }
      const { worth } = table.forecast;
      assert.equal(worth[rowOf(table, 1)] > worth[rowOf(table, 2)], larger);
    }
  });

  it('expects packets and bits in the proportion of the flow’s own means', () => {
    for (const bitShare of [0, 1]) {
      const traffic = new Traffic();
      for (let tick = 0; tick < 40; tick++) {
        // Flow 2 is silent in every third tick.
        const pauses = tick % 3 === 0;
        traffic.tick(
          new Map([
            [1, [300, 1]],
            [2, pauses ? [0, -1] : [100, 100]],
          ]),
          bitShare,
        );
        const { forecast: f } = traffic.table;
        for (const n of [1, 2]) {
          const row = rowOf(traffic.table, n);
          if (!(f.worth[row] > 0)) continue;
          // All packets have the mean size, so that worth counts packets whatever the share of bits.
          assert.ok(Math.abs(f.packetsPerSecond[row] / f.worth[row] - 1) < 1e-6);
          assert.ok(Math.abs(f.bitsPerSecond[row] / (8 * PACKET * f.worth[row]) - 1) < 1e-6);
        }
      }
    }
  });

  it('expects little of a silent flow before it has learned anything', () => {
    const traffic = new Traffic();
    traffic.tick(new Map([[1, [250, 1]]]));
    traffic.tick(new Map([[1, [0, -1]]]));
    const mean = traffic.table.forecast.meanPacketsPerSecond[rowOf(traffic.table, 1)];
    assert.ok(traffic.worthOf(1) < 0.2 * mean, `${traffic.worthOf(1)} of ${mean}`);
    assert.ok(traffic.worthOf(1) > 0.05 * mean);
  });

  it('learns that short pauses end and long ones do not', () => {
    const traffic = new Traffic();
    for (let tick = 0; tick < 300; tick++) {
      const sent = new Map<number, readonly [number, number]>();
      for (let n = 0; n < 20; n++) sent.set(n, (tick + n) % 2 === 0 ? [100, 100] : [0, -1]);
      // These send for a second, and are silent for the other nine.
      for (let n = 20; n < 40; n++) sent.set(n, (tick + 2 * n) % 40 < 4 ? [100, 100] : [0, -1]);
      traffic.tick(sent);
    }
    const pausing = Array.from({ length: 20 }, (_, n) => n).filter((n) => (299 + n) % 2 !== 0);
    const silent = Array.from({ length: 20 }, (_, n) => n + 20).filter((n) => {
      const at = (299 + 2 * n) % 40;
      return at >= 12 && at < 32;
    });
    // Relative to the mean, which falls while a flow is silent.
    const { forecast, table } = { forecast: traffic.table.forecast, table: traffic.table };
    const ratios = (flows: readonly number[]): number =>
      flows
        .map((n) => traffic.worthOf(n) / forecast.meanPacketsPerSecond[rowOf(table, n)])
        .reduce((sum, ratio) => sum + ratio / flows.length, 0);
    assert.ok(ratios(pausing) > 3 * ratios(silent), `${ratios(pausing)}, ${ratios(silent)}`);
  });

  it('forgets within minutes that flows used to end soon', () => {
    const traffic = new Traffic();
    const random = new Sfc32(11);
    let next = 0;
    let alive: number[] = [];
    const run = (ticks: number, endsWith: number): void => {
      for (let tick = 0; tick < ticks; tick++) {
        while (alive.length < 30) alive.push(next++);
        traffic.tick(new Map(alive.map((n) => [n, [60, 2]])));
        alive = alive.filter(() => random.uniform() >= endsWith);
      }
    };
    const expected = (): number => {
      while (alive.length < 30) alive.push(next++);
      traffic.tick(new Map(alive.map((n) => [n, [60, 2]])));
      const young = alive.filter((n) => traffic.worthOf(n) > 0);
      return young.reduce((sum, n) => sum + traffic.worthOf(n) / 240 / young.length, 0);
    };
    run(1200, 0.5);
    const before = expected();
    run(480, 0.02);
    const after = expected();
    assert.ok(before < 0.5, `${before} of the rate while half of the flows end in each tick`);
    assert.ok(after > 0.75, `${after} of the rate two minutes after they ceased to`);
  });

  it('does not change without a new reading', () => {
    const traffic = new Traffic();
    traffic.tick(new Map([[1, [100, 1]]]));
    traffic.tick(new Map([[1, [100, 1]]]));
    const before = traffic.worthOf(1);
    traffic.forecaster.update(traffic.table, 0);
    assert.equal(traffic.worthOf(1), before);
  });

  it('is finite and never negative for any traffic', () => {
    const step = fc.array(fc.tuple(fc.nat(12), fc.nat(5000), fc.nat(20_000)), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(0, 0.3, 1), (ticks, bits) => {
        const traffic = new Traffic();
        for (const flows of ticks) {
          traffic.tick(new Map(flows.map(([n, packets, idle]) => [n, [packets, idle]])), bits);
          const { forecast, rows, count } = traffic.table;
          for (let i = 0; i < count; i++) {
            for (const column of [
              forecast.worth,
              forecast.packetsPerSecond,
              forecast.bitsPerSecond,
            ]) {
              assert.ok(Number.isFinite(column[rows[i]]) && column[rows[i]] >= 0);
            }
          }
        }
      }),
    );
  });
});
