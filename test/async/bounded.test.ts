import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { bounded } from '../../async/bounded.ts';

/** Settles only when its signal aborts. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

describe('a bounded task', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  it('ends on any of its signals, with that reason', async () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()];
      const until = controllers.map((c) => c.signal);
      const task = bounded({ until }, hang);
      controllers[which].abort(new Error(`signal ${which}`));
      await assert.rejects(task, new RegExp(`signal ${which}`));
    }
  });

  it('is not started when a signal has already aborted', async () => {
    const until = [AbortSignal.abort(new Error('before'))];
    let begun = false;
    const task = (): Promise<void> => {
      begun = true;
      return Promise.resolve();
    };
    await assert.rejects(bounded({ until }, task), /before/);
    assert.equal(begun, false);
  });

  it('ends when its time is up', async () => {
    const late = (): Error => new Error('late');
    await assert.rejects(bounded({ until: [], timeoutMs: 5, late }, hang), /late/);
  });

  it('removes its listeners, however it ends', async () => {
    const { signal } = new AbortController();
    const until = [signal];
    const late = (): Error => new Error('late');
    const work = bounded({ until, timeoutMs: 1_000, late }, async (own) => {
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

  it('is awaited when it continues after a bound, unless it may be abandoned', async () => {
    const late = (): Error => new Error('late');
    let finish: (value: string) => void = () => undefined;
    const deaf = (): Promise<string> => new Promise((resolve) => (finish = resolve));
    const waited = bounded({ until: [], timeoutMs: 5, late }, deaf);
    setTimeout(() => finish('done'), 30);
    assert.equal(await waited, 'done');
    const end = new AbortController();
    const bounds = { until: [end.signal], abandon: true };
    await assert.rejects(bounded({ ...bounds, timeoutMs: 5, late }, deaf), /late/);
    assert.equal(listeners(end.signal), 0);
    const given = bounded(bounds, deaf);
    end.abort(new Error('over'));
    await assert.rejects(given, /over/);
  });

  it('may fail after it was abandoned', async () => {
    const late = (): Error => new Error('late');
    let fail: (error: Error) => void = () => undefined;
    const task = (): Promise<never> => new Promise((_, reject) => (fail = reject));
    await assert.rejects(bounded({ until: [], timeoutMs: 5, late, abandon: true }, task), /late/);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    fail(new Error('afterwards'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });
});
