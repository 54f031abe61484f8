/** Exit codes of the command line; `norikae --help` documents them. */
export const ExitCode = {
  ok: 0,
  /** It was tried and failed; the message says why. */
  failed: 1,
  /** Wrong use of the command, or mistakes in a configuration or policy file. */
  usage: 2,
  /** No daemon answers on the control socket. */
  unreachable: 3,
  /** There is no such flow, or more than one. */
  notFound: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command with an exit code; the message is for people. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
