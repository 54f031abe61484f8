import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bounded } from '../async/bounded.ts';
import { errorCode } from '../text/error-message.ts';

/** Default bound of each operation, ms; below the time-out of the commands that wait for it. */
const TIMEOUT_MS = 5_000;
/** A pipe in place of the file must not block the read. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Time of a hold whose file cannot be read. */
const UNKNOWN_TIME = 'an unknown time';

/** The file system did not answer in time. */
export class HoldFileTimeout extends Error {
  override readonly name = 'HoldFileTimeout';

  constructor(what: string, path: string, timeoutMs: number) {
    super(`${what} ${path} takes longer than ${timeoutMs / 1_000} s; check its file system`);
  }
}

/**
 * The file that keeps the hold of `onload-all` for the next daemon. It exists while everything is
 * held on the vSwitch, and contains since when.
 */
export class HoldFile {
  readonly path: string;
  readonly #timeoutMs: number;

  /** @param timeoutMs bound of each operation */
  constructor(path: string, timeoutMs = TIMEOUT_MS) {
    this.path = path;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Since when everything is held, ISO 8601; undefined without a hold. A file that cannot be read is
   * a hold: nothing is offloaded without knowing that it may be.
   */
  async read(): Promise<string | undefined> {
    try {
      const value: unknown = JSON.parse(await this.#within('reading', () => this.#text()));
      const has = typeof value === 'object' && value !== null && 'heldSince' in value;
      return has && typeof value.heldSince === 'string' ? value.heldSince : UNKNOWN_TIME;
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? undefined : UNKNOWN_TIME;
    }
  }

  /**
   * Writes the file, mode 0600: completely or not at all.
   *
   * @throws {HoldFileTimeout} when the file system does not answer; the write may happen later
   */
  write(heldSince: string): Promise<void> {
    return this.#within('writing', async () => {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const scratch = `${this.path}.new`;
      const file = await open(scratch, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify({ heldSince })}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(scratch, this.path);
    });
  }

  /**
   * Removes the file, if there is one.
   *
   * @throws {HoldFileTimeout} when the file system does not answer
   */
  remove(): Promise<void> {
    return this.#within('removing', () => rm(this.path, { force: true }));
  }

  async #text(): Promise<string> {
    const file = await open(this.path, READ_FLAGS);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  #within<T>(what: string, task: () => Promise<T>): Promise<T> {
    const timeoutMs = this.#timeoutMs;
    const late = (): Error => new HoldFileTimeout(what, this.path, timeoutMs);
    return bounded({ until: [], timeoutMs, late, abandon: true }, task);
  }
}
