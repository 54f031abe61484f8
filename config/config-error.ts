import { formatProblem, type Problem } from '../text/problem.ts';
import { fileErrorText } from '../platform/file-error.ts';

/** The configuration has errors; `problems` has all of them in file order. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** The configuration file could not be read; `problem` reports that at the file's first line. */
export class ConfigUnreadable extends Error {
  override readonly name = 'ConfigUnreadable';
  readonly problem: Problem;

  constructor(file: string, cause: unknown) {
    const why = fileErrorText(cause);
    super(`cannot read the configuration ${file}: ${why}`, { cause });
    this.problem = { file, line: 1, column: 1, message: `cannot be read: ${why}` };
  }
}
