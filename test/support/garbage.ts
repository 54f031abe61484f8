import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const ROUNDS = 200;

/**
 * Collects garbage until `done`, at most {@link ROUNDS} times.
 * @throws {TypeError} when V8 does not expose its garbage collector
 */
export async function collectUntil(done: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('V8 has no gc()');
  for (let i = 0; i < ROUNDS; i++) {
    // A dereferenced WeakRef keeps its target alive until the next turn: check after the collection.
    await setImmediate();
    collect();
    if (done()) return;
  }
}
