import { getSystemErrorMap } from 'node:util';

/**
 * Why a file cannot be used, in the system's words and without its name, for messages that have
 * named it already: `ENOENT: no such file or directory`.
 */
export function fileErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  return getSystemErrorMap().get(errno)?.join(': ') ?? error.message;
}
