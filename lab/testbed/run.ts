import { execFile, execFileSync } from 'node:child_process';

/** How a command is run. */
export interface RunOptions {
  /** Time after which the command is killed, ms; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Written to its standard input. */
  readonly input?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A command ended with another code than 0, was killed, or could not be started. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly command: string;
  /** Exit code; undefined when it did not exit by itself. */
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
    super(`${command}: no end after ${timeoutMs} ms, killed`);
    this.command = command;
  }
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command to its end and resolves to its standard output.
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
        signal: options.signal,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.killed === true && options.signal?.aborted !== true)
          reject(new CommandTimeout(command, timeoutMs));
        else reject(new CommandFailed(command, error, stderr));
      },
    );
    // A command that does not read its input closes the pipe: its exit code says what matters.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a command at once, whatever comes of it: for the last moments of a process. */
export function runNow(file: string, args: readonly string[]): void {
  try {
    execFileSync(file, args, { timeout: 5_000, stdio: 'ignore' });
  } catch {
    // There is no caller left to report to; the sweep of the next run removes what stayed.
  }
}
