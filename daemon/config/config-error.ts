import { formatProblem, type Problem } from '../../engine/text/problem.ts';

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
