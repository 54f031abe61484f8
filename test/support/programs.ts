import { execFile } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  readonly code: number;
  /** What it said, on standard output and standard error. */
  readonly output: string;
}

/**
 * Runs a program to its end, at most `timeoutMs`; `input` goes to its standard input. It gets the
 * environment of the tests, or `env`.
 */
export function runToEnd(
  program: string,
  args: readonly string[],
  { input = '', timeoutMs = 20_000, env = process.env } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: timeoutMs, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
    // A program that does not start is told by its exit; the broken pipe adds nothing.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
