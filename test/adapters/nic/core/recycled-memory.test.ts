import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { RecycledMemory } from '../../../../adapters/nic/core/recycled-memory.ts';

/** A grace period that ends when the test says so. */
class ManualGrace {
  readonly #waiting: { readonly resolve: () => void; readonly reject: (why: Error) => void }[] = [];
  begun = 0;

  wait(): Promise<void> {
    this.begun++;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async end(failure?: Error): Promise<void> {
    const first = this.#waiting.shift();
    assert(first !== undefined, 'no grace period is passing');
    if (failure === undefined) first.resolve();
    else first.reject(failure);
    await turn();
  }
}

describe('RecycledMemory', () => {
  function setUp() {
    const grace = new ManualGrace();
    const memory = new RecycledMemory(grace);
    let isFree = false;
    const wait = async (): Promise<void> => {
      isFree = false;
      await memory.wait();
      isFree = true;
    };
    return { grace, memory, wait, isFree: () => isFree };
  }

  it('waits for a grace period at first, and then only after deletions', async () => {
    const { grace, memory, wait } = setUp();
    const waiting = wait();
    await turn();
    await grace.end();
    await waiting;
    await wait();
    assert.equal(grace.begun, 1);
    memory.deleted();
    const again = wait();
    await turn();
    assert.equal(grace.begun, 2);
    await grace.end();
    await again;
  });

  it('uses a grace period that was begun before', async () => {
    const { grace, memory, wait } = setUp();
    memory.prepare();
    memory.prepare();
    assert(memory.isPassing);
    const waiting = wait();
    await grace.end();
    await waiting;
    assert(!memory.isPassing);
    memory.prepare();
    assert.equal(grace.begun, 1);
  });

  it('waits once more for what was deleted while a grace period passed', async () => {
    const { grace, memory, wait, isFree } = setUp();
    memory.prepare();
    memory.deleted();
    const waiting = wait();
    await grace.end();
    assert.equal(isFree(), false);
    assert.equal(grace.begun, 2);
    await grace.end();
    await waiting;
    assert(isFree());
  });

  it('reports the failure of a grace period to the next wait', async () => {
    const { grace, memory, wait } = setUp();
    memory.prepare();
    await grace.end(new Error('EBADF'));
    assert(!memory.isPassing);
    const waiting = assert.rejects(wait(), /ENOMEM/);
    await turn();
    await grace.end(new Error('ENOMEM'));
    await waiting;
  });

  it('needs no grace period after a wait elsewhere', async () => {
    const { grace, memory, wait } = setUp();
    memory.settled();
    memory.prepare();
    await wait();
    assert.equal(grace.begun, 0);
  });
});
