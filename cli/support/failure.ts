import { ConfigError, ConfigUnreadable } from '../../config/config-error.ts';
import { PoliciesUnusable } from '../../daemon/policies/policies-unusable.ts';
import { SecretFileExposed, SecretFileUnusable } from '../../platform/secret-file.ts';
import { TlsFilesUnusable } from '../../server/http/tls-files-unusable.ts';
import { errorMessage } from '../../text/error-message.ts';
import { ControlForbidden, ControlTimeout, DaemonUnreachable } from '../client/client-errors.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';

/** Exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailed) return error.exitCode;
  if (
    error instanceof ConfigError ||
    error instanceof ConfigUnreadable ||
    error instanceof PoliciesUnusable ||
    error instanceof TlsFilesUnusable ||
    error instanceof SecretFileUnusable ||
    error instanceof SecretFileExposed
  ) {
    return ExitCode.usage;
  }
  if (
    error instanceof DaemonUnreachable ||
    error instanceof ControlForbidden ||
    error instanceof ControlTimeout
  ) {
    return ExitCode.unreachable;
  }
  return ExitCode.failed;
}

/** Message for an error that ended a command. */
export function failureMessage(error: unknown): string {
  if (error instanceof ConfigError) return `the configuration has errors\n${error.message}`;
  return errorMessage(error);
}
