import { asError } from '../text/error-message.ts';
/** A source did not answer in time. */
export class SourceTimeout extends Error {
  override readonly name = 'SourceTimeout';
  /** Time that was waited for an answer, ms. */
  readonly waitedMs: number;

  constructor(source: string, timeoutMs: number) {
    super(`${source} did not answer within ${timeoutMs} ms; it is tried again at the next tick`);
    this.waitedMs = timeoutMs;
  }
}

/**
 * Runs `read` with a signal that aborts after `timeoutMs` or with `outer`. Rejects with
 * {@link SourceTimeout} at the deadline even when `read` ignores its signal.
 */
export function withDeadline<T>(
  source: string,
  timeoutMs: number,
  outer: AbortSignal,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const stop = (reason: unknown): void => {
      controller.abort(reason);
      reject(asError(reason));
    };
    const onOuter = (): void => stop(outer.reason);
    if (outer.aborted) {
      onOuter();
      return;
    }
    const timer = setTimeout(() => stop(new SourceTimeout(source, timeoutMs)), timeoutMs);
    outer.addEventListener('abort', onOuter, { once: true });
    read(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        outer.removeEventListener('abort', onOuter);
      });
  });
}
