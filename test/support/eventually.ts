import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for something to come true, ms: less than mocha lets a test take. */
const PATIENCE_MS = 9_000;
const BETWEEN_LOOKS_MS = 5;

/**
 * Resolves once `holds` is true.
 *
 * @param what for the error's words: what is waited for
 * @throws when it does not come true in time
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(BETWEEN_LOOKS_MS);
  }
}
