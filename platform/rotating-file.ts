import { appendFile, rename, rm, stat } from 'node:fs/promises';
import { errorCode } from '../text/error-message.ts';

/** Options of {@link RotatingFile}. */
export interface RotatingFileOptions {
  readonly path: string;
  /** Size at which the file is rotated, bytes. */
  readonly maxBytes: number;
  /** Number of older files that are kept; `path.1` is the newest. */
  readonly keep: number;
  /** Maximum length of all queued lines, characters. */
  readonly maxQueued?: number;
  /** Called with the number of lines that arrived too fast or could not be written. */
  readonly onLost: (lines: number) => void;
  /** Called with a write error, once until a write succeeds again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Appends lines to a file and rotates it by size. Never blocks and never throws: lines that cannot be
 * written are counted and dropped.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #maxQueued: number;
  readonly #queue: string[] = [];
  #queued = 0;
  #writing: Promise<void> | undefined;
  #bytes: number | undefined;
  #failing = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? 4 * 1024 * 1024;
  }

  /** Queues a line, without its newline. */
  write(line: string): void {
    if (this.#queued + line.length > this.#maxQueued) {
      this.#options.onLost(1);
      return;
    }
    this.#queue.push(line);
    this.#queued += line.length;
    this.#writing ??= this.#drain();
  }

  /** Resolves when the queued lines have been written or dropped. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // Lets the lines of one tick accumulate, to write them together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const lines = this.#takeBatch();
      try {
        await this.#append(`${lines.join('\n')}\n`);
        this.#failing = false;
      } catch (error) {
        this.#options.onLost(lines.length);
        if (!this.#failing) this.#options.onError(error);
        this.#failing = true;
        this.#bytes = undefined;
      }
    }
    this.#writing = undefined;
  }

  /** Dequeues as many lines as fit into one file, at least one. */
  #takeBatch(): readonly string[] {
    let length = 0;
    const fits = this.#queue.findIndex((line) => {
      length += line.length + 1;
      return length > this.#options.maxBytes;
    });
    const lines = this.#queue.splice(0, fits < 0 ? this.#queue.length : Math.max(1, fits));
    for (const line of lines) this.#queued -= line.length;
    return lines;
  }

  async #append(text: string): Promise<void> {
    const { path, maxBytes } = this.#options;
    this.#bytes ??= await sizeOf(path);
    const length = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + length > maxBytes) {
      await this.#rotate();
      this.#bytes = 0;
    }
    await appendFile(path, text, { mode: 0o640 });
    this.#bytes += length;
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    if (keep === 0) {
      await rm(path, { force: true });
      return;
    }
    for (let n = keep - 1; n >= 1; n--) await renameIfThere(`${path}.${n}`, `${path}.${n + 1}`);
    await renameIfThere(path, `${path}.1`);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
