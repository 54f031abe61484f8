import { execFile, execFileSync } from 'node:child_process';

/** Options of a command. */
export interface RunOptions {
  /** Time-out after which the command is killed, ms; default 10,000. */
  readonly timeoutMs?: number;
  /** Written to its standard input. */
  readonly input?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; default: that of this process. */
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** A command exited with a code other than 0, was killed, or could not be started. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly command: string;
  /** Exit code; undefined when a signal ended it or it did not start. */
  readonly code: number | undefined;
  readonly stderr: string;

  constructor(command: string, cause: Error, stderr: string) {
    const words = stderr.trim() === '' ? cause.message : stderr.trim();
    super(`${command}: ${words}`, { cause });
    this.command = command;
    this.code = 'code' in cause && typeof cause.code === 'number' ? cause.code : undefined;
    this.stderr = stderr;
  }
}

/** A command did not end in time and was killed. */
export class CommandTimeout extends Error {
  override readonly name = 'CommandTimeout';
  readonly command: string;

  constructor(command: string, timeoutMs: number) {
    super(`${command}: killed after ${timeoutMs} ms`);
    this.command = command;
  }
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command and resolves to its standard output.
 *
 * @throws {CommandFailed} with its standard error
 * @throws {CommandTimeout}
 */
export function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const command = [file, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      {
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        env: { ...process.env, ...options.env },
        cwd: options.cwd,
        signal: options.signal,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.killed === true && options.signal?.aborted !== true)
          reject(new CommandTimeout(command, timeoutMs));
        else reject(new CommandFailed(command, error, stderr));
      },
    );
    // A command that does not read its input closes the pipe; its exit code is sufficient.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a command synchronously and ignores failures, for a process that is about to exit. */
export function runNow(file: string, args: readonly string[]): void {
  try {
    execFileSync(file, args, { timeout: 5_000, stdio: 'ignore' });
  } catch {
    // There is no caller to report to; the next run removes leftovers.
  }
}
