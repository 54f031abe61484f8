import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for something to come true, ms. */
const PATIENCE_MS = 20_000;

/** Resolves once `check` is true; throws with `what` when it takes too long. */
export async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!(await check())) {
    if (performance.now() > untilMs) throw new Error(`waited ${PATIENCE_MS} ms in vain: ${what}`);
    await sleep(50);
  }
}
