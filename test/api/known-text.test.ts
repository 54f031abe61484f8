import assert from 'node:assert/strict';
import { knownText } from '../../api/known-text.ts';

describe('text of what is known about a fact', () => {
  it('tells a missing value from one that is not known', () => {
    assert.equal(knownText({ state: 'none', actual: null }), 'is missing');
    assert.equal(knownText({ state: 'unknown', actual: null }), 'is not known');
  });

  it('shows the value, or what the packets can have', () => {
    assert.equal(knownText({ state: 'value', actual: 'vm1' }), 'is "vm1"');
    assert.equal(knownText({ state: 'open', actual: '10.0.0.0/8' }), 'can be 10.0.0.0/8');
    assert.equal(
      knownText({ state: 'value', actual: 2048 }, (value) => `0x${Number(value).toString(16)}`),
      'is 0x800',
    );
  });
});
