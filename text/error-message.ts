/**
 * The message of anything that was thrown.
 *
 * For an `AggregateError` without a message, such as `node:net` rejects with when each address of a
 * host refused, the messages of its errors. For another error without a message, its name. Causes are
 * omitted: a wrapping error includes what matters of its cause.
 */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(errorMessage))].join('; ');
  }
  return error.name;
}

/** The thrown value as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The system's code of an error (`ENOENT`); undefined: it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
