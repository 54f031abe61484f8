import { bounded } from '../../async/bounded.ts';
import { errorCode, errorMessage } from '../../text/error-message.ts';
import type { Seen, Unseen } from '../model/seen.ts';

/** Longest time that one thing may take to be seen, ms. */
export const LOOK_MS = 5_000;

/**
 * Looks at one thing. What fails or takes too long is reported in its place, so that it does not hide
 * anything else; a call that takes too long is abandoned.
 */
export async function see<T>(
  what: string,
  look: () => Promise<T>,
  timeoutMs = LOOK_MS,
): Promise<Seen<T>> {
  const late = (): Error => new LookTimeout(what, timeoutMs);
  try {
    return { value: await bounded({ until: [], timeoutMs, late, abandon: true }, look) };
  } catch (error) {
    return { unseen: errorMessage(error), isDenied: isDenied(error) };
  }
}

/** Also for errors that only mention the code of their cause. */
function isDenied(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const codes = [errorCode(error), errorCode(cause), errorMessage(error)];
  return codes.some((text) => text !== undefined && /\b(EACCES|EPERM)\b/.test(text));
}

/** Something that others depend on could not be seen; the message says why. */
export class NotSeen extends Error {
  override readonly name = 'NotSeen';

  constructor({ unseen }: Pick<Unseen, 'unseen'>) {
    super(unseen);
  }
}

/** Looking at something took too long. */
export class LookTimeout extends Error {
  override readonly name = 'LookTimeout';

  constructor(what: string, timeoutMs: number) {
    super(`${what}: no answer within ${timeoutMs / 1_000} s`);
  }
}
