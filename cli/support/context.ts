import type { CreateDaemon } from '../../daemon/lifecycle.ts';
import type { Terminal } from '../../platform/terminal.ts';

/** What commands need of the process around them. */
export interface CliContext {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly createDaemon: CreateDaemon;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Clock, ms. */
  readonly now: () => number;
}

/** Writes lines. */
export function printLines(context: CliContext, lines: readonly string[]): void {
  context.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Writes problems to standard error, each on a line that begins with its place. */
export function printProblems(context: CliContext, problems: readonly string[]): void {
  context.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
}

/** Writes a value as one line of JSON. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Characters a line may have: as many as the terminal has; any number where there is none. */
export function lineWidth({ stdout }: CliContext): number {
  return stdout.interactive ? stdout.size().columns : Number.POSITIVE_INFINITY;
}
