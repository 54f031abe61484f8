/**
 * What an error says, for messages and logs; whatever was thrown.
 *
 * An `AggregateError` without words of its own, as `node:net` rejects with when each address of a host
 * refused, says what its errors say. An error without a message gives its name. A cause is left out:
 * an error that wraps another one says in its own message what matters of it.
 */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(errorMessage))].join('; ');
  }
  return error.name;
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The system's name of an error (`ENOENT`), when it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
