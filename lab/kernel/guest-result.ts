import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findKernel } from './cache.ts';
import { type GuestOptions, runGuest } from './guest.ts';

/** Where a guest's program leaves its result: in the folder that it shares with the host. */
const RESULT_FILE = '/run/lab/result';

/** A program of this package that runs in a guest and leaves a result. */
export interface GuestProgram<Result> extends Pick<GuestOptions, 'timeoutMs' | 'onLine' | 'sriov'> {
  /** What it does, for errors: `the comparison`. */
  readonly what: string;
  /** Its module, compiled. */
  readonly script: URL;
  readonly args: readonly string[];
  /** True for a value with the shape of the result. */
  readonly isResult: (value: unknown) => value is Result;
}

/** A program in a guest ended without a result. */
export class NoGuestResult extends Error {
  override readonly name = 'NoGuestResult';

  constructor(what: string, status: number) {
    super(`${what} ended in the guest with exit status ${status}; its messages are above`);
  }
}

/**
 * Boots the kernel of Debian's backports, and runs a program there that leaves its result by
 * {@link leaveResult}. Without `onLine`, lines of the guest's console go to standard error.
 *
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoGuestResult}
 */
export async function resultOfGuest<Result>(program: GuestProgram<Result>): Promise<Result> {
  const { what, script, args, isResult, onLine = console.error, ...options } = program;
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, fileURLToPath(script), ...args],
    onLine: (line) => onLine(line),
    ...options,
  });
  const value: unknown = result === undefined ? undefined : JSON.parse(result);
  if (status !== 0 || !isResult(value)) throw new NoGuestResult(what, status);
  return value;
}

/** In a guest: leaves the result for the host. */
export async function leaveResult(result: unknown): Promise<void> {
  await writeFile(RESULT_FILE, JSON.stringify(result));
}
