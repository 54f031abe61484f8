import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/**
 * The system's text for a file error, without the path, for messages that already contain it:
 * `ENOENT: no such file or directory`. For a user who has no access, with what to do about it.
 */
export function fileErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  const text = getSystemErrorMap().get(errno)?.join(': ') ?? error.message;
  const user = process.geteuid?.() ?? 0;
  if (errno !== -constants.errno.EACCES || user === 0) return text;
  return `${text} for user ${user}; use sudo, or give this user access`;
}
