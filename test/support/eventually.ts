import { setTimeout as sleep } from 'node:timers/promises';

/** Maximum wait, ms; shorter than mocha's time-out of a test. */
const PATIENCE_MS = 9_000;
const BETWEEN_LOOKS_MS = 5;

/**
 * Resolves once `holds` is true.
 *
 * @param what description of the condition, for the error
 * @throws when it is not true in time
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(BETWEEN_LOOKS_MS);
  }
}
