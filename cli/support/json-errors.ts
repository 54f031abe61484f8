import type { Problem } from '../../text/problem.ts';
import { formatProblem } from '../../text/problem.ts';
import { type CliContext, printJson } from './context.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';

/** Policies that a command needs have errors. */
export class PolicyErrors extends CommandFailed {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'), ExitCode.failed);
    this.problems = problems;
  }
}

/**
 * Runs the part of a command before its output. If it fails, `--json` prints `{ok: false, error,
 * problems}`; the message on standard error and the exit code stay the same.
 */
export async function failingInJson<T>(
  context: CliContext,
  json: boolean | undefined,
  run: () => T | Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (json === true && error instanceof CommandFailed) {
      const problems = error instanceof PolicyErrors ? error.problems : [];
      printJson(context, { ok: false, error: error.message, problems });
    }
    throw error;
  }
}
