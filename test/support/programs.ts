import { execFile } from 'node:child_process';

/** The end of a program. */
export interface Ended {
  readonly code: number;
  /** Its output on standard output and standard error. */
  readonly output: string;
}

/**
 * Runs a program for at most `timeoutMs`, with `input` on its standard input, and the environment of
 * the tests or `env`.
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
    // The exit reports a program that does not start; ignores the broken pipe.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
