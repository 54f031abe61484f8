import { errorMessage } from '../../text/error-message.ts';

/** Something did not become true in time. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What to wait for, and how. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** Time between two looks, ms; 50 when not given. */
  readonly everyMs?: number;
}

/**
 * Polls until `look` returns a value, and resolves to it. A call that fails counts
 * as nothing.
 *
 * @throws {NotInTime} with the words of the last failure, if there was one
 */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const until = performance.now() + options.timeoutMs;
  let last = '';
  do {
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = '';
    } catch (error) {
      last = `: ${errorMessage(error)}`;
    }
    await sleep(options.everyMs ?? 50);
  } while (performance.now() < until);
  throw new NotInTime(`not within ${options.timeoutMs} ms: ${what}${last}`);
}
