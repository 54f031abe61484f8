import { byPlace, formatProblem, type Problem } from '../../text/problem.ts';

/** Policies are invalid; `problems` lists all problems by file and position. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const files = [...new Set(problems.map((p) => p.file))];
    const sorted = files.flatMap((f) => problems.filter((p) => p.file === f).toSorted(byPlace));
    super(sorted.map(formatProblem).join('\n'));
    this.problems = sorted;
  }
}
