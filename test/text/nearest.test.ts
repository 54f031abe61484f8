import assert from 'node:assert/strict';
import { didYouMean, nearest } from '../../text/nearest.ts';

describe('nearest', () => {
  it('finds a similar name', () => {
    const names = ['onload', 'offload', 'bitsPerSecond', 'packetsPerSecond'];
    assert.equal(nearest('ofload', names), 'offload');
    assert.equal(nearest('Offload', names), 'offload');
    assert.equal(nearest('onlaod', names), 'onload');
    assert.equal(nearest('bits_per_second', names), 'bitsPerSecond');
    assert.equal(nearest('packetPerSeconds', names), 'packetsPerSecond');
  });

  it('finds nothing if no name is similar', () => {
    assert.equal(nearest('colour', ['type', 'params']), undefined);
    assert.equal(nearest('x', []), undefined);
    assert.equal(didYouMean('colour', ['type']), '');
  });
});
