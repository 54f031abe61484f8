import assert from 'node:assert/strict';
import { timeSlicedYield } from '../../async/yield-to-event-loop.ts';

describe('yielding to the event loop', () => {
  it('is not needed within a slice, and is after it', async () => {
    let nowMs = 100;
    let pauses = 0;
    const pause = (): Promise<void> => {
      pauses++;
      nowMs += 50;
      return Promise.resolve();
    };
    const yieldToEventLoop = timeSlicedYield({ sliceMs: 10, now: () => nowMs, pause });
    nowMs += 9;
    assert.equal(yieldToEventLoop(), undefined);
    nowMs += 1;
    await yieldToEventLoop();
    assert.equal(pauses, 1);
    // The next slice starts after the pause.
    nowMs += 9;
    assert.equal(yieldToEventLoop(), undefined);
    nowMs += 1;
    assert.notEqual(yieldToEventLoop(), undefined);
  });

  it('lets timers and I/O run', async () => {
    let turns = 0;
    setImmediate(() => turns++);
    const yieldToEventLoop = timeSlicedYield({ sliceMs: 0 });
    await yieldToEventLoop();
    assert.equal(turns, 1);
  });

  it('rejects at the end of a slice after the signal has aborted', async () => {
    let nowMs = 0;
    const end = new AbortController();
    const yieldToEventLoop = timeSlicedYield({ sliceMs: 1, now: () => nowMs, signal: end.signal });
    end.abort(new Error('enough'));
    assert.equal(yieldToEventLoop(), undefined);
    nowMs = 1;
    await assert.rejects(async () => yieldToEventLoop(), { message: 'enough' });
  });
});
