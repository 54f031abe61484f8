import { BLOCKED_EXIT_CODE } from '../../platform/watchdog/blocked-exit-code.ts';

/** Exit codes of the command line; `norikae --help` documents them. */
export const ExitCode = {
  ok: 0,
  /** The command failed; the message gives the cause. */
  failed: 1,
  /** Usage error, or errors in a configuration or policy file. */
  usage: 2,
  /** No daemon answers on the control socket. */
  unreachable: 3,
  /** No such flow, or an ambiguous id. */
  notFound: 4,
  /** The daemon's event loop was blocked, and its watchdog ended the process. */
  blocked: BLOCKED_EXIT_CODE,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command that has printed its result with an exit code. */
export class CommandEnded extends Error {
  override readonly name = 'CommandEnded';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`the command ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Ends a command with a message on standard error and an exit code. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
