import { Observable } from 'rxjs';

/** Reason of an abort: the subscription to a task's result ended. */
export class Unsubscribed extends Error {
  override readonly name = 'Unsubscribed';

  constructor() {
    super('unsubscribed: the result is no longer needed');
  }
}

/** Runs a task once per subscription; ending the subscription aborts the task. */
export function abortable<T>(task: (signal: AbortSignal) => Promise<T>): Observable<T> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      try {
        subscriber.next(await task(controller.signal));
        subscriber.complete();
      } catch (error) {
        subscriber.error(error);
      }
    };
    void run();
    return () => controller.abort(new Unsubscribed());
  });
}
