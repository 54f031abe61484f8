import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Cleanup, Undo } from './cleanup.ts';

/** How a process ended. */
export interface Exit {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A process exited early, or did not do something in time. */
export class ProcessTrouble extends Error {
  override readonly name = 'ProcessTrouble';
}

const KEPT_LINES = 200;

/** A background process: started, read line by line, and ended by the cleanup at the latest. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has exited. */
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;

  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #cleanup: Cleanup;
  readonly #undo: Undo;
  readonly #tail: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();

  private constructor(
    name: string,
    child: ChildProcessByStdio<null, Readable, Readable>,
    pid: number,
    cleanup: Cleanup,
  ) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    this.#cleanup = cleanup;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
    }
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.exit = { code: code ?? undefined, signal: signal ?? undefined };
        cleanup.remove(this.#undo);
        resolve(this.exit);
      });
    });
    this.#undo = {
      name: `process ${name} (pid ${pid})`,
      undo: async () => {
        await this.stop();
      },
      undoNow: () => {
        child.kill('SIGKILL');
      },
    };
    cleanup.add(this.#undo);
  }

  /** Resolves when the process has been started; rejects when it cannot be. */
  static async start(
    cleanup: Cleanup,
    name: string,
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ManagedProcess> {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    if (child.pid === undefined) throw new ProcessTrouble(`${name}: no pid`);
    return new ManagedProcess(name, child, child.pid, cleanup);
  }

  /** Its last lines, of both streams. */
  tail(): string {
    return this.#tail.join('\n');
  }

  /**
   * Calls `listener` for every later line of both streams; the returned function unsubscribes it.
   */
  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves to the first line, among the last and the later ones, for which `test` holds.
   *
   * @throws {ProcessTrouble} when the process ends first or `timeoutMs` passes
   */
  async waitForLine(
    test: (line: string) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<string> {
    const already = this.#tail.find(test);
    if (already !== undefined) return already;
    const ended = new AbortController();
    try {
      return await new Promise<string>((resolve, reject) => {
        const off = this.onLine((line) => {
          if (test(line)) resolve(line);
        });
        const trouble = (why: string) =>
          reject(
            new ProcessTrouble(`${this.name}: ${what}: ${why}; its last lines:\n${this.tail()}`),
          );
        const timer = setTimeout(() => trouble(`not within ${timeoutMs} ms`), timeoutMs);
        ended.signal.addEventListener('abort', () => {
          off();
          clearTimeout(timer);
        });
        void this.exited.then((exit) => trouble(`it ended with ${exit.code ?? exit.signal}`));
      });
    } finally {
      ended.abort();
    }
  }

  /** Sends a signal; no error when the process is gone. */
  kill(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.#child.kill(signal);
  }

  /**
   * Sends SIGCONT (a stopped process does not handle signals) and SIGTERM, then SIGKILL after
   * `graceMs`.
   */
  async stop(graceMs = 3_000): Promise<Exit> {
    this.kill('SIGCONT');
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
      this.#cleanup.remove(this.#undo);
    }
  }

  #onLine(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > KEPT_LINES) this.#tail.shift();
    for (const listener of this.#listeners) listener(line);
  }
}
