/** One check of a host. */
export interface Check {
  /** What was checked, such as `libbpf` or `port vm1`. */
  readonly name: string;
  /** False if it prevents offload, or could not be checked. */
  readonly ok: boolean;
  /** What was found, in one line. */
  readonly found: string;
  /** What to do about it; empty where `ok`. */
  readonly remedy: string;
}

/** A problem, and its remedy. */
export interface Problem {
  readonly found: string;
  readonly remedy: string;
}

export function passed(name: string, found: string): Check {
  return { name, ok: true, found, remedy: '' };
}

export function failed(name: string, found: string, remedy: string): Check {
  return { name, ok: false, found, remedy };
}

/** A check that fails when there are problems. @param facts what was found besides, may be empty */
export function checkOf(name: string, facts: string, problems: readonly Problem[]): Check {
  if (problems.length === 0) return passed(name, facts);
  const found = [facts, ...problems.map((problem) => problem.found)].filter((text) => text !== '');
  const remedies = new Set(problems.map((problem) => problem.remedy));
  return failed(name, found.join('; '), [...remedies].join('; '));
}
