import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { NetworkLockBusy } from '../../../../adapters/nic/core/errors.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';

const MAX_WAIT_MS = 30;

/** A call that ends when it is told to. */
interface Call {
  readonly began: () => boolean;
  readonly end: () => void;
  readonly run: () => Promise<string>;
}

function call(): Call {
  const state = { began: false, end: (): void => undefined };
  const ended = new Promise<string>((resolve) => {
    state.end = () => resolve('done');
  });
  return {
    began: () => state.began,
    end: () => state.end(),
    run: () => {
      state.began = true;
      return ended;
    },
  };
}

describe('calls that wait for the network lock', () => {
  it('run one at a time, in order', async () => {
    const lock = new NetworkLock();
    const [first, second] = [call(), call()];
    const results = [lock.run('first', first.run), lock.run('second', second.run)];
    await turn();
    assert.deepEqual([first.began(), second.began()], [true, false]);
    first.end();
    await results[0];
    await turn();
    assert.equal(second.began(), true);
    second.end();
    assert.deepEqual(await Promise.all(results), ['done', 'done']);
  });

  it('fail at the bound, and at once until the overdue call has ended', async () => {
    const lock = new NetworkLock(MAX_WAIT_MS);
    const overdue = call();
    await assert.rejects(lock.run('attaching', overdue.run), NetworkLockBusy);
    const next = call();
    await assert.rejects(lock.run('detaching', next.run), /30 ms \(attaching waits for it\)/);
    assert.equal(next.began(), false);
    overdue.end();
    await turn();
    next.end();
    assert.equal(await lock.run('detaching', next.run), 'done');
  });

  it('are never made when their time was over before they could begin', async () => {
    const lock = new NetworkLock(MAX_WAIT_MS);
    const [first, second] = [call(), call()];
    const results = [lock.run('first', first.run), lock.run('second', second.run)];
    const settled = await Promise.allSettled(results);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    first.end();
    for (let i = 0; i < 10; i++) await turn();
    assert.equal(second.began(), false);
  });

  it('report that they can succeed again, once, and only after one has failed', async () => {
    const lock = new NetworkLock(MAX_WAIT_MS);
    let reports = 0;
    lock.onFree(() => reports++);
    const [good, overdue] = [call(), call()];
    good.end();
    await lock.run('good', good.run);
    assert.equal(reports, 0);
    await assert.rejects(lock.run('overdue', overdue.run), NetworkLockBusy);
    await assert.rejects(lock.run('next', call().run), NetworkLockBusy);
    assert.equal(reports, 0, 'it is not free yet');
    overdue.end();
    await turn();
    assert.equal(reports, 1);
    await lock.run('good', good.run);
    assert.equal(reports, 1);
  });

  it('keep their own errors', async () => {
    const lock = new NetworkLock();
    await assert.rejects(
      lock.run('failing', () => Promise.reject(new Error('no such device'))),
      /no such device/,
    );
  });
});
