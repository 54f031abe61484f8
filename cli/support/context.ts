import type { CreateDaemon } from '../../daemon/lifecycle.ts';
import type { Terminal } from '../../platform/terminal.ts';

/** The process environment of a command. */
export interface CliContext {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Imports the daemon's modules, which only `norikae run` needs. */
  readonly loadDaemon: () => Promise<CreateDaemon>;
  /** The terminal that keys come from; undefined: not a terminal. */
  readonly keyInput?: () => NodeJS.ReadStream;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Clock, ms. */
  readonly now: () => number;
}

export function printLines(context: CliContext, lines: readonly string[]): void {
  context.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Writes problems to standard error, one per line, each with its position first. */
export function printProblems(context: CliContext, problems: readonly string[]): void {
  context.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
}

export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Maximum columns of a line: the terminal's, or unlimited without a terminal. */
export function lineWidth({ stdout }: CliContext): number {
  return stdout.interactive ? stdout.size().columns : Number.POSITIVE_INFINITY;
}
