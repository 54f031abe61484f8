import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../text/error-message.ts';

/** Time of a hold whose file cannot be read. */
const UNKNOWN_TIME = 'an unknown time';

/**
 * The file that keeps the hold of `onload-all` for the next daemon. It exists while everything is
 * held on the vSwitch, and contains since when.
 */
export class HoldFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Since when everything is held, ISO 8601; undefined without a hold. A file that cannot be read is
   * a hold: nothing is offloaded without knowing that it may be.
   */
  async read(): Promise<string | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.path, 'utf8'));
      const has = typeof value === 'object' && value !== null && 'heldSince' in value;
      return has && typeof value.heldSince === 'string' ? value.heldSince : UNKNOWN_TIME;
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? undefined : UNKNOWN_TIME;
    }
  }

  /** Writes the file, mode 0600: completely or not at all. */
  async write(heldSince: string): Promise<void> {
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
  }

  /** Removes the file, if there is one. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
