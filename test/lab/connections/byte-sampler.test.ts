import assert from 'node:assert/strict';
import { ByteSampler } from '../../../lab/connections/byte-sampler.ts';
import { sleep } from '../../../lab/testbed/wait.ts';

describe('the sampler of a counter', () => {
  it('has its value at times in the past, interpolated', async () => {
    const startMs = performance.now();
    // A counter that is the time, so that each value says when it was read.
    const sampler = new ByteSampler(() => performance.now());
    try {
      await sleep(200);
      for (const ms of [startMs + 60, startMs + 110, startMs + 150]) {
        assert.ok(Math.abs(sampler.at(ms) - ms) < 5, `${sampler.at(ms)} at ${ms}`);
      }
      assert.ok(sampler.at(startMs - 1_000) < startMs + 5, 'the first one before the start');
    } finally {
      sampler.stop();
    }
  });
});
