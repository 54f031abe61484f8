import { spawn } from 'node:child_process';

/** How a mocha process ended. */
export interface MochaEnd {
  /** Number of failures, or 1 if a signal ended it. */
  readonly status: number;
  /** What its reporter sent to its parent process; undefined: nothing. */
  readonly result: unknown;
}

/** Runs mocha with the output of this process; resolves when it has ended. */
export function runMocha(args: readonly string[]): Promise<MochaEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let result: unknown;
    child.on('message', (message) => {
      result = message;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ status: code ?? 1, result }));
  });
}
