/** One mistake in a file: where it is and what to do about it. Line and column count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: message`, as compilers print it, so that editors can jump there. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** The configuration has mistakes; every one that was found is in `problems`, in file order. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** The configuration file could not be read at all. */
export class ConfigUnreadable extends Error {
  override readonly name = 'ConfigUnreadable';
}
