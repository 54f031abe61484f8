import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { QueueFull, SerialQueue } from '../../async/serial-queue.ts';

describe('a serial queue', () => {
  it('runs tasks one at a time, in the order of the calls', async () => {
    const queue = new SerialQueue();
    const steps: string[] = [];
    const task = (name: string, turns: number) => async () => {
      steps.push(`${name} begins`);
      for (let i = 0; i < turns; i++) await setImmediate();
      steps.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([queue.run(task('a', 3)), queue.run(task('b', 1))]);
    assert.deepEqual(results, ['a', 'b']);
    assert.deepEqual(steps, ['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('continues after a task that throws or rejects', async () => {
    const queue = new SerialQueue();
    const thrown = queue.run(() => {
      throw new Error('at once');
    });
    const rejected = queue.run(() => Promise.reject(new Error('later')));
    const last = queue.run(() => 'done');
    await assert.rejects(thrown, { message: 'at once' });
    await assert.rejects(rejected, { message: 'later' });
    assert.equal(await last, 'done');
  });

  it('refuses tasks beyond its limit, and accepts tasks again after others have settled', async () => {
    const queue = new SerialQueue(2);
    const open = gate();
    const first = queue.run(() => open.promise);
    const second = queue.run(() => Promise.reject(new Error('no')));
    assert.equal(queue.tasks, 2);
    let begun = false;
    await assert.rejects(
      queue.run(() => {
        begun = true;
      }),
      QueueFull,
    );
    open.open();
    await first;
    await assert.rejects(second, { message: 'no' });
    await setImmediate();
    assert.equal(queue.tasks, 0);
    assert.equal(begun, false);
    assert.equal(await queue.run(() => 3), 3);
  });
});

function gate() {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
