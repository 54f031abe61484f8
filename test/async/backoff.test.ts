import assert from 'node:assert/strict';
import { Backoff } from '../../async/backoff.ts';

describe('backoff', () => {
  const options = { minMs: 100, maxMs: 1_000 };

  it('doubles up to its bound, and resets after a success', () => {
    const backoff = new Backoff(options, () => 1);
    const waits = Array.from({ length: 6 }, () => backoff.failed());
    assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
    backoff.succeeded();
    assert.equal(backoff.failed(), 100);
    for (let i = 0; i < 10_000; i++) backoff.failed();
    assert.equal(backoff.failed(), 1_000);
  });

  it('randomizes up to half of the wait', () => {
    assert.equal(new Backoff(options, () => 0).failed(), 50);
    const waits = new Set(Array.from({ length: 20 }, () => new Backoff(options).failed()));
    assert.ok(waits.size > 10);
    for (const wait of waits) assert.ok(wait >= 50 && wait <= 100);
  });

  it('respects a requested wait up to its bound', () => {
    const backoff = new Backoff(options, () => 1);
    assert.equal(backoff.failed(300), 300);
    assert.equal(backoff.failed(60_000), 1_000);
  });
});
