import assert from 'node:assert/strict';
import { LoadRise } from '../../telemetry/load-rise.ts';

describe('rise of a load', () => {
  const loads = (rxBitsPerSecond: number) =>
    new Map([['vm1', { rxBitsPerSecond, txBitsPerSecond: 0 }]]);

  it('is more than a quarter and half a Mbit/s over the load at the last reset', () => {
    const rise = new LoadRise();
    assert.equal(rise.observe(loads(400_000)), false);
    assert.equal(rise.observe(loads(600_000)), true);
    rise.observe(loads(10e6));
    rise.reset();
    assert.equal(rise.observe(loads(12e6)), false);
    assert.equal(rise.observe(loads(13.5e6)), true);
    assert.equal(rise.observe(loads(13.5e6)), true, 'until the next reset');
    rise.reset();
    assert.equal(rise.observe(loads(13.5e6)), false);
  });

  it('is noticed on any port, new ones included', () => {
    const rise = new LoadRise();
    rise.observe(loads(1e6));
    rise.reset();
    const more = new Map(loads(1e6)).set('vm2', { rxBitsPerSecond: 1e6, txBitsPerSecond: 0 });
    assert.equal(rise.observe(more), true);
  });
});
