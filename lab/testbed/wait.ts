import { errorMessage } from '../../text/error-message.ts';

/** A condition did not become true in time. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Options of a wait. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** Poll period, ms; default 50. */
  readonly everyMs?: number;
}

/**
 * Polls until `look` returns a value, and resolves to it. A call that throws counts as no value.
 *
 * @throws {NotInTime} with the message of the last failure, if any
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
