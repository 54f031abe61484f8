import assert from 'node:assert/strict';
import { baseRate } from '../../../engine/forecast/cells.ts';

describe('the rate from which a forecast is made', () => {
  it('is that of the last tick while the flow still sends', () => {
    assert.equal(baseRate(100, 10, 5), 100);
    assert.equal(baseRate(100, 10, 8), 100);
  });

  it('is the mean of some seconds after a pause, and for a silent flow', () => {
    assert.equal(baseRate(100, 10, 9), 10);
    assert.equal(baseRate(100, 10, 200), 10);
    assert.equal(baseRate(0, 10, 0), 10);
  });
});
