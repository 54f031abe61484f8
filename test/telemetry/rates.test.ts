import assert from 'node:assert/strict';
import { Placement } from '../../engine/model/flow.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { estimateFirstRates } from '../../telemetry/first-rates.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { anyFrom, flowId, outputTo, read, rowOf } from '../support/flows.ts';

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.max(1, expected), `${actual} ~ ${expected}`);
}

describe('rates', () => {
  it('are 0 for flows of the first reading until the second', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1, packets: 1e6, bytes: 1e9 }]);
    updateRates(table, 1000);
    assert.equal(table.rates.bitsPerSecond[rowOf(table, 1)], 0);
    read(table, 500, [{ n: 1, packets: 1e6 + 50, bytes: 1e9 + 5000 }]);
    updateRates(table, 1000);
    near(table.rates.bitsPerSecond[rowOf(table, 1)], 80_000);
    near(table.rates.packetsPerSecond[rowOf(table, 1)], 100);
  });

  it('are set immediately for a flow that appears later', () => {
    const table = new FlowTable();
    read(table, 0, []);
    updateRates(table, 1000);
    read(table, 250, [{ n: 1, packets: 25, bytes: 2500 }]);
    updateRates(table, 1000);
    near(table.rates.bitsPerSecond[rowOf(table, 1)], 80_000);
  });

  it('include the traffic that backends carried', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    updateRates(table, 1000);
    table.begin(1000);
    const row = rowOf(table, 1);
    table.observe(row, 1, 100, 0);
    table.carried(row, 9, 900, 1000);
    table.end();
    updateRates(table, 1000);
    near(table.rates.lastBitsPerSecond[row], 8000);
    near(table.rates.lastPacketsPerSecond[row], 10);
  });

  it('stay while a backend without counters carries a flow, and are those of the vSwitch later', () => {
    const UNCOUNTED = [0, Number.POSITIVE_INFINITY, 0];
    const table = new FlowTable();
    const tick = (ms: number, packets: number): number => {
      read(table, ms, [{ n: 1, packets, bytes: packets * 100 }]);
      updateRates(table, 1000, UNCOUNTED);
      return table.rates.lastPacketsPerSecond[rowOf(table, 1)];
    };
    tick(0, 0);
    near(tick(1000, 100), 100);
    const row = rowOf(table, 1);
    table.decision.placement[row] = Placement.offload;
    // A few packets still pass the vSwitch, then none.
    for (let ms = 2000; ms <= 60_000; ms += 1000) near(tick(ms, 103), 100);
    near(table.rates.packetsPerSecond[row], 100);
    table.decision.placement[row] = Placement.onload;
    near(tick(61_000, 153), 50);
  });

  it('do not fall and leap while a backend reports late what it carries', () => {
    const LATE = [0, 2000, 0];
    const table = new FlowTable();
    const rates: number[] = [];
    /** The flow sends 100 packets/s, all of them carried; the backend reports every 2 s. */
    const tick = (ms: number, reported: number): void => {
      if (ms === 0) read(table, 0, [{ n: 1 }]);
      else {
        table.begin(ms);
        const row = rowOf(table, 1);
        table.observe(row, ms <= 1000 ? ms / 10 : 100, ms <= 1000 ? ms * 10 : 10_000, 0);
        if (reported > 0) table.carried(row, reported, reported * 100, ms, Placement.offload);
        table.end();
      }
      updateRates(table, 1000, LATE);
      rates.push(table.rates.lastPacketsPerSecond[rowOf(table, 1)]);
    };
    tick(0, 0);
    tick(500, 0);
    tick(1000, 0);
    table.decision.placement[rowOf(table, 1)] = Placement.offload;
    for (let ms = 1500; ms <= 7000; ms += 500) tick(ms, ms % 2000 === 1000 ? 200 : 0);
    for (const rate of rates.slice(1)) near(rate, 100);
    // It has stopped: no report in time.
    for (let ms = 7500; ms < 9000; ms += 500) tick(ms, 0);
    near(rates.at(-1) ?? Number.NaN, 100);
    tick(9000, 0);
    near(rates.at(-1) ?? Number.NaN, 0);
  });

  for (const delayMs of [2_000, Number.POSITIVE_INFINITY]) {
    it(`stay the first ones of a flow that a backend took whose counters come after ${delayMs} ms`, () => {
      const table = new FlowTable();
      read(table, 0, []);
      updateRates(table, 1000);
      table.beginPartial(500);
      const row = table.add(flowId(1), anyFrom('vm1'), outputTo('vm2'), 100);
      table.observe(row, 10, 1_000, 0);
      estimateFirstRates(table, table.endPartial(), 500);
      near(table.rates.packetsPerSecond[row], 100);
      table.decision.placement[row] = Placement.offload;
      const delays = [0, delayMs, 0];
      read(table, 1_000, [{ n: 1, packets: 10, bytes: 1_000 }]);
      updateRates(table, 1000, delays);
      near(table.rates.packetsPerSecond[row], 100);
      read(table, 2_000, [{ n: 1, packets: 10, bytes: 1_000 }]);
      updateRates(table, 1000, delays);
      near(table.rates.lastPacketsPerSecond[row], 100);
    });
  }

  it('are smoothed the same over one long interval as over many short ones', () => {
    const rates = [100, 10, 1].map((stepMs) => {
      const table = new FlowTable();
      read(table, 0, []);
      updateRates(table, 1000);
      read(table, 100, [{ n: 1 }]);
      updateRates(table, 1000);
      for (let t = stepMs; t <= 1000; t += stepMs) {
        read(table, 100 + t, [{ n: 1, packets: t, bytes: t * 100 }]);
        updateRates(table, 1000);
      }
      return table.rates.packetsPerSecond[rowOf(table, 1)];
    });
    for (const rate of rates) assert.ok(Math.abs(rate - 1000 * (1 - Math.exp(-1))) < 1e-6);
  });

  it('spread the traffic of a stale period over that period', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    updateRates(table, 1000);
    read(table, 1000, [{ n: 1, packets: 100 }]);
    read(table, 2000, [{ n: 1, packets: 200 }]);
    updateRates(table, 1000);
    near(table.rates.lastPacketsPerSecond[rowOf(table, 1)], 100);
  });
});
