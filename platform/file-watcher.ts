import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { bounded } from '../async/bounded.ts';
import { SerialQueue } from '../async/serial-queue.ts';
import type { Log } from './log.ts';

/** What a {@link FileWatcher} watches. */
export interface FileWatcherOptions {
  /** What they are, for the log: `policy files`. */
  readonly what: string;
  /** Files, whether they are there or not. */
  readonly files: readonly string[];
  /** Called some time after something has changed; calls do not overlap. */
  readonly onChange: () => Promise<void>;
  readonly log: Log;
  /** Quiet time that ends a burst of changes, ms. */
  readonly quietMs?: number;
}

/** Longest wait for the folders to be watched, ms. */
const READY_MS = 10_000;
/** A burst of changes is over at the latest after so many quiet times. */
const MAX_QUIETS = 10;
/** What Kubernetes replaces to change all files of a folder at once. */
const DATA_LINK = '..data';

/**
 * Watches files through their folders: editors rename a new file over the old one, and a
 * file may be gone for a moment. Whoever is called finds out what has really changed.
 */
export class FileWatcher {
  readonly #options: FileWatcherOptions;
  readonly #quietMs: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstAtMs: number | undefined;
  readonly #calls = new SerialQueue();

  constructor(options: FileWatcherOptions) {
    this.#options = options;
    this.#quietMs = options.quietMs ?? 200;
  }

  /** True while changes are noticed. */
  get watching(): boolean {
    return this.#watcher !== undefined;
  }

  /** Resolves when every later change will be noticed, or the folders cannot be watched. */
  async start(): Promise<void> {
    if (this.#options.files.length === 0) return;
    const named = this.#options.files.map((file) => resolve(file));
    // A file that is a link changes where it leads to, too.
    const files = new Set([...named, ...named.map(realPath)]);
    const folders = new Set([...files].map((file) => dirname(file)));
    const wanted = new Set([...files, ...[...folders].map((folder) => join(folder, DATA_LINK))]);
    const watcher = watch([...folders], {
      depth: 0,
      ignoreInitial: true,
      ignored: (path) => !folders.has(path) && !wanted.has(path),
      followSymlinks: false,
    });
    this.#watcher = watcher;
    watcher.on('all', (_event, path) => {
      if (wanted.has(resolve(path))) this.#changed();
    });
    watcher.on('error', (error) => this.#fail(error));
    const late = (): Error => new Error(`the folders are not watched after ${READY_MS} ms`);
    const ready = (): Promise<void> =>
      new Promise((resolve) => {
        watcher.once('ready', () => resolve());
        watcher.once('error', () => resolve());
      });
    await bounded({ until: [], timeoutMs: READY_MS, late, abandon: true }, ready).catch(
      (error: unknown) => this.#fail(error),
    );
  }

  /** Ends; a call that is under way goes on. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  #fail(error: unknown): void {
    const { log, what } = this.#options;
    log.warn({ err: error }, `${what} are no longer watched`);
    void this.close();
  }

  #changed(): void {
    const nowMs = performance.now();
    this.#firstAtMs ??= nowMs;
    const leftMs = this.#firstAtMs + MAX_QUIETS * this.#quietMs - nowMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#call(), Math.max(0, Math.min(this.#quietMs, leftMs)));
  }

  #call(): void {
    this.#firstAtMs = undefined;
    // A call that waits will see this change, too.
    if (this.#calls.tasks > 1) return;
    const { onChange, log, what } = this.#options;
    this.#calls.run(onChange).catch((error: unknown) => {
      log.error({ err: error }, `could not reload changed ${what}`);
    });
  }
}

/** Where a file really is; itself while it is not there. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
