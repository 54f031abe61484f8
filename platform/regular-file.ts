import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { bounded } from '../async/bounded.ts';

/** A larger file is not a certificate or a chain of them, bytes. */
export const MAX_CERTIFICATE_BYTES = 1024 * 1024;

/** Default bound of a read, ms. */
const TIMEOUT_MS = 5_000;

/** A path names something other than a regular file, such as a named pipe, or a file that is too large. */
export class NotARegularFile extends Error {
  override readonly name = 'NotARegularFile';

  constructor(path: string, maxBytes: number) {
    super(`${path} must be a regular file of at most ${maxBytes} bytes`);
  }
}

/** The file system did not answer in time. */
export class FileReadTimeout extends Error {
  override readonly name = 'FileReadTimeout';

  constructor(path: string, timeoutMs: number) {
    super(`reading ${path} takes longer than ${timeoutMs / 1_000} s; check its file system`);
  }
}

/** What to read, and its limits. */
export interface FileRead {
  readonly path: string;
  /** Maximum size, bytes. */
  readonly maxBytes: number;
  /** Called with the status of the opened file before it is read; may throw. */
  readonly check?: (status: Stats) => void;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads small files, each within a bounded time. A read that was abandoned keeps one of the few
 * threads that Node uses for files until the file system answers. Until then the reader starts no
 * other read, so that it never holds more than one of them.
 *
 * Meant for one read at a time.
 */
export class FileReader {
  readonly #timeoutMs: number;
  #abandoned: string | undefined;

  /** @param timeoutMs bound of each read */
  constructor(timeoutMs = TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Reads a regular file. Does not wait for the writer of a named pipe.
   *
   * @throws NotARegularFile, FileReadTimeout, the system's errors, and what `check` throws
   */
  async read(file: FileRead): Promise<Buffer> {
    const timeoutMs = this.#timeoutMs;
    if (this.#abandoned !== undefined) throw new FileReadTimeout(this.#abandoned, timeoutMs);
    const until = file.signal === undefined ? [] : [file.signal];
    const late = (): Error => new FileReadTimeout(file.path, timeoutMs);
    return bounded({ until, timeoutMs, late, abandon: true }, async (end) => {
      const abandon = (): void => void (this.#abandoned = file.path);
      end.addEventListener('abort', abandon, { once: true });
      try {
        return await readNow(file);
      } finally {
        end.removeEventListener('abort', abandon);
        this.#abandoned = undefined;
      }
    });
  }
}

async function readNow({ path, maxBytes, check }: FileRead): Promise<Buffer> {
  // Opening a named pipe must not wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > maxBytes) throw new NotARegularFile(path, maxBytes);
    check?.(status);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
