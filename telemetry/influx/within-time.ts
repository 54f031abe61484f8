import { InfluxUnavailable } from './errors.ts';
import { asError } from '../../text/error-message.ts';

/**
 * Runs a request that is given up after `timeoutMs` or with `outer`, by its signal and by rejecting
 * with {@link InfluxUnavailable}. A promise of the pool never settles when the connection breaks
 * within the answer, so that its signal alone is not enough.
 */
export function withinTime<T>(
  timeoutMs: number,
  outer: AbortSignal,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const done = (): void => {
      clearTimeout(timer);
      outer.removeEventListener('abort', onOuter);
    };
    const giveUp = (error: Error): void => {
      done();
      controller.abort(error);
      reject(error);
    };
    const onOuter = (): void =>
      giveUp(new InfluxUnavailable('timeout', 'the request was given up: the daemon ends'));
    const timer = setTimeout(
      () => giveUp(new InfluxUnavailable('timeout', `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    if (outer.aborted) {
      onOuter();
      return;
    }
    outer.addEventListener('abort', onOuter, { once: true });
    const settle = async (): Promise<void> => {
      try {
        resolve(await send(controller.signal));
      } catch (error) {
        reject(asError(error));
      } finally {
        done();
      }
    };
    void settle();
  });
}
