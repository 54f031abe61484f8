/** The policy files have errors, and no earlier valid policies exist. */
export class PoliciesUnusable extends Error {
  override readonly name = 'PoliciesUnusable';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the policies have errors:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}
