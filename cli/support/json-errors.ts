import type { Problem } from '../../text/problem.ts';
import { formatProblem } from '../../text/problem.ts';
import { type CliContext, printJson } from './context.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';

/** Policies that a command needs have mistakes. */
export class PolicyMistakes extends CommandFailed {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'), ExitCode.failed);
    this.problems = problems;
  }
}

/**
 * Runs what has to go well before a command prints anything. When it fails and JSON is wanted,
 * `{ok: false, error, problems}` is printed, so that programs get an answer they can read; the
 * message for people and the exit code stay.
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
      const problems = error instanceof PolicyMistakes ? error.problems : [];
      printJson(context, { ok: false, error: error.message, problems });
    }
    throw error;
  }
}
