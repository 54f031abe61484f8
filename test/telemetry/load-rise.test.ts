import assert from 'node:assert/strict';
import { LoadRise } from '../../telemetry/load-rise.ts';

describe('rise of a load', () => {
  const loads = (rxBitsPerSecond: number) =>
    new Map([['vm1', { rxBitsPerSecond, txBitsPerSecond: 0 }]]);

  it('is more than a quarter and 200 kbit/s above the usual load', () => {
    const rise = new LoadRise();
    assert.equal(rise.observe(loads(10e6)), false, 'the first load is usual');
    assert.equal(rise.observe(loads(12.6e6)), false);
    assert.equal(rise.observe(loads(16.1e6)), true);
    assert.equal(rise.observe(loads(16.1e6)), false, 'usual from then on');
  });

  it('is not the next of several bursts, but one after a long silence', () => {
    const rise = new LoadRise();
    rise.observe(loads(1e6));
    assert.equal(rise.observe(loads(0)), false);
    assert.equal(rise.observe(loads(1e6)), false);
    for (let i = 0; i < 20; i++) rise.observe(loads(0));
    assert.equal(rise.observe(loads(1e6)), true);
  });

  it('is noticed on a new port, and not after a restart or without loads', () => {
    const rise = new LoadRise();
    rise.observe(loads(1e6));
    const more = new Map(loads(1e6)).set('vm2', { rxBitsPerSecond: 1e6, txBitsPerSecond: 0 });
    assert.equal(rise.observe(more), true);
    rise.restart();
    assert.equal(rise.observe(new Map()), false);
    assert.equal(rise.observe(loads(50e6)), false);
  });

  it('can remember the highest load, and still notice one that grows slowly', () => {
    const rise = new LoadRise({ decay: 0.998, rise: 0.02 });
    rise.observe(loads(1e6));
    assert.equal(rise.observe(loads(50e6)), true);
    for (let i = 0; i < 60; i++) rise.observe(loads(0));
    assert.equal(rise.observe(loads(50e6)), false, 'the same burst again');
    const risesAt: number[] = [];
    for (let i = 0; i < 30; i++) if (rise.observe(loads(50e6 * 1.03 ** i))) risesAt.push(i);
    assert.ok(risesAt.length >= 2, `growing by 3% each time, it rises at ${risesAt.join(', ')}`);
    const sudden = new LoadRise();
    sudden.observe(loads(50e6));
    for (let i = 0; i < 30; i++) assert.equal(sudden.observe(loads(50e6 * 1.03 ** i)), false);
  });
});
