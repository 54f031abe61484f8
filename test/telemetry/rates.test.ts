import assert from 'node:assert/strict';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { read, rowOf } from '../support/flows.ts';

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
