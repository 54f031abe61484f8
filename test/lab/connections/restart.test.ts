import assert from 'node:assert/strict';
import { longestGapMs } from '../../../lab/connections/restart.ts';

describe('the silence of a connection', () => {
  it('is the longest run of reports without a byte', () => {
    const reports = [1, 0, 0, 5, 0, 0, 0, 2].map((bytes) => ({ bytes, seconds: 0.1 }));
    assert.equal(longestGapMs(reports), 300);
    assert.equal(longestGapMs([]), 0);
  });
});
