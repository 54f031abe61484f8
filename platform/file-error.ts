import { getSystemErrorMap } from 'node:util';

/**
 * The system's text for a file error, without the path, for messages that already contain it:
 * `ENOENT: no such file or directory`.
 */
export function fileErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  return getSystemErrorMap().get(errno)?.join(': ') ?? error.message;
}
