import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Backoff } from '../../../../async/backoff.ts';
import { bounded } from '../../../../async/bounded.ts';
import { errorMessage } from '../../../../text/error-message.ts';
import type { PlacedFilter, ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import type { Insertion } from '../../../../protocols/ethtool/receive-filters.ts';
import { type FilterWriter, LeaseEnded } from './filter-writer.ts';
import {
  isInsertion,
  isNull,
  isNumber,
  isPlacedFilters,
  type KeeperCommand,
  type KeeperMessage,
  parseMessage,
} from './keeper-protocol.ts';

/** Time for the process to load and to remove what an earlier one left, ms. */
const START_MS = 10_000;
/** Time for an answer, ms. A driver takes microseconds to milliseconds for a filter. */
const ANSWER_MS = 5_000;
/** Time before a process that died is replaced, ms; it doubles while the next ones die, too. */
const RESTART = { minMs: 200, maxMs: 10_000 };

const FILTERS = {
  path: fileURLToPath(new URL('keeper-process.js', import.meta.url)),
  args: [],
} as const;

/** The keeper process cannot be started, or does not answer. */
export class KeeperFailed extends Error {
  override readonly name = 'KeeperFailed';

  constructor(device: string, detail: string) {
    super(`the process that keeps the receive filters of ${device} ${detail}`);
  }
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly pending: Map<number, Pending>;
}

export interface KeeperClientOptions {
  readonly device: string;
  /** File in which filters are noted, so that they can be removed after both processes died. */
  readonly journal: string;
  /** The script of the process, and its arguments after these; left out: receive filters. */
  readonly script?: { readonly path: string; readonly args: readonly string[] };
  /** Time for the process to start, ms. */
  readonly startMs?: number;
  /** Gets what fails while nobody waits for it: filters that stay after the end of the lease, a start. */
  readonly log: (line: string) => void;
}

/**
 * Writes filters through the keeper process. A process that dies or does not answer is replaced, and
 * the new one removes the filters of the old one; listeners of {@link onLapse} learn of it.
 */
export class KeeperClient implements FilterWriter {
  readonly #options: KeeperClientOptions;
  readonly #listeners: (() => void)[] = [];
  #running: Promise<Running> | undefined;
  readonly #restart = new Backoff(RESTART);
  #nextId = 1;
  #closed = false;
  #pid = 0;

  constructor(options: KeeperClientOptions) {
    this.#options = options;
  }

  /** Starts the process. @throws {KeeperFailed} */
  async start(): Promise<void> {
    await this.#process();
  }

  get pid(): number {
    return this.#pid;
  }

  insert(filter: ReceiveFilter): Promise<Insertion> {
    return this.#ask({ do: 'insert', filter }, isInsertion);
  }

  remove(location: number): Promise<number> {
    return this.#ask({ do: 'remove', location }, isNumber);
  }

  list(): Promise<readonly PlacedFilter[]> {
    return this.#ask({ do: 'list' }, isPlacedFilters);
  }

  async renew(untilMs: number): Promise<void> {
    await this.#ask({ do: 'renew', untilMs }, isNull);
  }

  removeAll(): Promise<number> {
    return this.#ask({ do: 'remove-all' }, isNumber);
  }

  onLapse(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Removes all filters and ends the process. @throws {KeeperFailed} */
  async close(): Promise<void> {
    const running = this.#running;
    if (this.#closed || running === undefined) {
      this.#closed = true;
      return;
    }
    await this.removeAll();
    this.#closed = true;
    const { child } = await running;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdin?.end();
    const late = (): Error => new KeeperFailed(this.#options.device, 'does not end');
    await bounded({ until: [], timeoutMs: ANSWER_MS, late, abandon: true }, () => ended);
  }

  async #ask<Result>(
    command: KeeperCommand,
    isResult: (value: unknown) => value is Result,
  ): Promise<Result> {
    const { device } = this.#options;
    const { child, pending } = await this.#process();
    const id = this.#nextId++;
    const late = (): Error => new KeeperFailed(device, `has not answered for ${ANSWER_MS} ms`);
    try {
      const result = await bounded(
        { until: [], timeoutMs: ANSWER_MS, late, abandon: true },
        () =>
          new Promise<unknown>((resolve, reject) => {
            pending.set(id, { resolve, reject });
            child.stdin?.write(`${JSON.stringify({ ...command, id })}\n`);
          }),
      );
      if (isResult(result)) return result;
      throw new KeeperFailed(device, `gave a wrong answer to ${command.do}`);
    } catch (error) {
      // A process that hangs may not see the end of the lease either: the next one removes its filters.
      if (error instanceof KeeperFailed) child.kill('SIGKILL');
      throw error;
    } finally {
      pending.delete(id);
    }
  }

  #process(): Promise<Running> {
    const { device } = this.#options;
    if (this.#closed) return Promise.reject(new KeeperFailed(device, 'has been closed'));
    this.#running ??= this.#spawn().catch((error: unknown) => {
      this.#running = undefined;
      throw error;
    });
    return this.#running;
  }

  async #spawn(): Promise<Running> {
    const { device, journal, startMs = START_MS } = this.#options;
    const { path, args } = this.#options.script ?? FILTERS;
    // A session of its own: signals to the daemon's process group do not reach it.
    const child = spawn(process.execPath, [path, device, journal, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const pending = new Map<number, Pending>();
    const late = (): Error => new KeeperFailed(device, `has not started within ${startMs} ms`);
    try {
      await bounded(
        { until: [], timeoutMs: startMs, late, abandon: true },
        () =>
          new Promise<void>((resolve, reject) => {
            const fail = (detail: string): void => reject(new KeeperFailed(device, detail));
            child.once('error', (error) => fail(`cannot be started: ${error.message}`));
            child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
            createInterface({ input: child.stdout }).on('line', (line) => {
              const message = parseMessage(line);
              if (message === undefined) return;
              if (!('event' in message)) return settle(pending, message, device);
              if (message.event === 'ready') resolve();
              else if (message.event === 'failed') fail(`reports: ${message.error}`);
              else if (message.event === 'stuck') this.#options.log(message.error);
              else this.#notify();
            });
          }),
      );
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    this.#pid = child.pid ?? 0;
    child.once('exit', () => this.#died(pending));
    return { child, pending };
  }

  #died(pending: ReadonlyMap<number, Pending>): void {
    this.#running = undefined;
    this.#pid = 0;
    const error = new KeeperFailed(this.#options.device, 'has died');
    for (const { reject } of pending.values()) reject(error);
    if (this.#closed) return;
    this.#options.log(error.message);
    this.#notify();
    // Its filters are still in the device.
    const again = (): void => {
      if (this.#closed) return;
      this.#process().then(
        () => this.#restart.succeeded(),
        (failure: unknown) => {
          this.#options.log(errorMessage(failure));
          setTimeout(again, this.#restart.failed()).unref();
        },
      );
    };
    setTimeout(again, this.#restart.failed()).unref();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function settle(
  pending: ReadonlyMap<number, Pending>,
  message: Exclude<KeeperMessage, { readonly event: unknown }>,
  device: string,
): void {
  const waiting = pending.get(message.id);
  if ('result' in message) waiting?.resolve(message.result);
  else waiting?.reject(message.leaseEnded ? new LeaseEnded(device) : new Error(message.error));
}
