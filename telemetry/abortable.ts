import { Observable } from 'rxjs';

/** The subscription to what was under way was ended. */
export class Unsubscribed extends Error {
  override readonly name = 'Unsubscribed';

  constructor() {
    super('nobody waits for the result any more');
  }
}

/** Runs a task once a subscription; ending the subscription aborts the task. */
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
