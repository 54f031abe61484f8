import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { bounded } from '../../async/bounded.ts';

/** Settles only by its signal. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

describe('a bounded task', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  it('is ended by any of its signals, with that reason', async () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()];
      const until = controllers.map((c) => c.signal);
      const task = bounded({ until }, hang);
      controllers[which].abort(new Error(`signal ${which}`));
      await assert.rejects(task, new RegExp(`signal ${which}`));
    }
  });

  it('is ended at once by a signal that has aborted before', async () => {
    const until = [AbortSignal.abort(new Error('before'))];
    await assert.rejects(bounded({ until }, hang), /before/);
  });

  it('is ended when its time is up', async () => {
    const late = (): Error => new Error('late');
    await assert.rejects(bounded({ until: [], timeoutMs: 5, late }, hang), /late/);
  });

  it('leaves no listener behind, however it ends', async () => {
    const { signal } = new AbortController();
    const until = [signal];
    const work = bounded({ until, timeoutMs: 1_000 }, async (own) => {
      await Promise.resolve();
      assert.equal(own.aborted, false);
      return 'done';
    });
    assert.equal(listeners(signal), 1);
    assert.equal(await work, 'done');
    assert.equal(listeners(signal), 0);
    await assert.rejects(
      bounded({ until }, () => Promise.reject(new Error('failed'))),
      /failed/,
    );
    assert.equal(listeners(signal), 0);
  });
});
