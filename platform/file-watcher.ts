import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { bounded } from '../async/bounded.ts';
import { SerialQueue } from '../async/serial-queue.ts';
import type { Log } from './log.ts';

/** Options of {@link FileWatcher}. */
export interface FileWatcherOptions {
  /** Description of the files for the log: `policy files`. */
  readonly what: string;
  /** Files, which may not exist. */
  readonly files: readonly string[];
  /** Called after a burst of changes; calls do not overlap. */
  readonly onChange: () => Promise<void>;
  readonly log: Log;
  /** Quiet time that ends a burst of changes, ms. */
  readonly quietMs?: number;
  /** Maximum time to set up the watch, ms; then the files are not watched. */
  readonly readyMs?: number;
}

/** Default bound of the time to set up the watch, ms. */
const READY_MS = 10_000;
/** Maximum length of a burst of changes, in quiet times. */
const MAX_QUIETS = 10;
/** Link that Kubernetes replaces to change all files of a folder at once. */
const DATA_LINK = '..data';

/**
 * Watches files through their folders, because editors rename a new file over the old one, and a
 * file may be missing for a moment. `onChange` has to check which files have changed.
 */
export class FileWatcher {
  readonly #options: FileWatcherOptions;
  readonly #quietMs: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstAtMs: number | undefined;
  #closed = false;
  readonly #calls = new SerialQueue();

  constructor(options: FileWatcherOptions) {
    this.#options = options;
    this.#quietMs = options.quietMs ?? 200;
  }

  /** True while the files are watched. */
  get watching(): boolean {
    return this.#watcher !== undefined;
  }

  /** Resolves when the files are watched, or cannot be watched. */
  async start(): Promise<void> {
    const { files, readyMs = READY_MS } = this.#options;
    if (files.length === 0) return;
    const late = (): Error => new Error(`the folders are not watched after ${readyMs} ms`);
    const bounds = { until: [], timeoutMs: readyMs, late, abandon: true };
    try {
      await bounded(bounds, (end) =>
        this.#watch(
          files.map((file) => resolve(file)),
          end,
        ),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  async #watch(named: readonly string[], end: AbortSignal): Promise<void> {
    // The target of a link can change, too.
    const files = new Set([...named, ...(await realPaths(named))]);
    if (end.aborted || this.#closed) return;
    const folders = new Set([...files].map((file) => dirname(file)));
    const watched = new Set([...files, ...[...folders].map((folder) => join(folder, DATA_LINK))]);
    const watcher = watch([...folders], {
      depth: 0,
      ignoreInitial: true,
      ignored: (path) => !folders.has(path) && !watched.has(path),
      followSymlinks: false,
    });
    this.#watcher = watcher;
    watcher.on('all', (_event, path) => {
      if (watched.has(resolve(path))) this.#changed();
    });
    watcher.on('error', (error) => this.#fail(error));
    await new Promise<void>((resolve) => {
      watcher.once('ready', () => resolve());
      watcher.once('error', () => resolve());
    });
  }

  /** Stops watching. A running `onChange` continues. */
  async close(): Promise<void> {
    this.#closed = true;
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
    // A call that is already queued will see this change, too.
    if (this.#calls.tasks > 1) return;
    const { onChange, log, what } = this.#options;
    this.#calls.run(onChange).catch((error: unknown) => {
      log.error({ err: error }, `could not reload changed ${what}`);
    });
  }
}

/**
 * The real paths of files; a file that does not exist has its own. One at a time: each call that hangs
 * keeps one of the few threads that Node uses for files.
 */
async function realPaths(files: readonly string[]): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const file of files) paths.push(await realpath(file).catch(() => file));
  return paths;
}
