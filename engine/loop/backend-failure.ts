import { errorMessage } from '../../text/error-message.ts';

/** A failed backend and its error. */
export interface BackendFailure {
  readonly backend: string;
  readonly error: unknown;
}

/** A request failed on one or more backends. */
export class BackendsFailed extends Error {
  override readonly name = 'BackendsFailed';
  readonly failures: readonly BackendFailure[];

  constructor(what: string, failures: readonly BackendFailure[]) {
    const causes = failures.map(({ backend, error }) => `${backend}: ${errorMessage(error)}`);
    super(`${what} failed: ${causes.join('; ')}`);
    this.failures = failures;
  }
}
