import type { ChangeMonitor } from '../../engine/ports/change-monitor.ts';
import type { Message } from '../../protocols/openflow/codec/messages.ts';
import { OF10, OF13, type Version } from '../../protocols/openflow/codec/version.ts';
import { asError } from '../../text/error-message.ts';
import { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import {
  type ConnectedSwitch,
  SwitchClient,
  type SwitchClientOptions,
} from '../../protocols/openflow/connection/switch-client.ts';
import { finTimeoutOf, type RuleTimeouts } from './rule-timeouts.ts';
import { readAllTables } from './rule-stats.ts';
import { type ForeignUpdate, foreignUpdates, watchEverything } from './watch-request.ts';

/** Options of a {@link FlowMonitor}. */
export interface FlowMonitorOptions {
  readonly connection: SwitchClientOptions;
  /** True for cookies of our own rules, whose changes are ignored. */
  readonly isOurs: (cookie: bigint) => boolean;
  /** Gets the time-outs of the rules; left out: they are not read. */
  readonly timeouts?: RuleTimeouts;
}

/** Shortest time between two readings of all rules, ms. */
const READ_AGAIN_MS = 10_000;
/** Period of the checks whether the rules must be read again, ms. */
const CHECK_MS = 1_000;
/** Minimum time between two readings, as a multiple of the duration of one. */
const PERIOD_PER_READING = 100;

/**
 * Subscribes to rule changes of one switch with a flow monitor: the ONF's on OpenFlow 1.3, else
 * Nicira's on 1.0. Updates are requested with actions only to learn the time-outs of rules.
 */
export class FlowMonitor implements ChangeMonitor {
  readonly name: string;
  readonly #options: FlowMonitorOptions;
  readonly #listeners = new Set<() => void>();
  #client: SwitchClient;
  #watching: Session | undefined;
  #refused: Error | undefined;
  #everWatched = false;
  #closed = false;
  #rereading: NodeJS.Timeout | undefined;
  #readAgainAtMs = 0;

  constructor(options: FlowMonitorOptions) {
    this.#options = options;
    this.#client = this.#makeClient(options.connection.maxVersion ?? OF13);
    this.name = `flow monitor ${this.#client.name}`;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#client.start();
    if (this.#options.timeouts === undefined) return;
    this.#rereading ??= setInterval(() => this.#readAgain(), CHECK_MS).unref();
  }

  active(): boolean {
    return this.#watching !== undefined;
  }

  problem(): string | undefined {
    if (this.active()) return undefined;
    return (this.#refused ?? this.#client.error)?.message ?? 'not connected yet';
  }

  close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#rereading);
    this.#options.timeouts?.close();
    return this.#client.close();
  }

  #makeClient(maxVersion: Version): SwitchClient {
    const connection = { ...this.#options.connection, maxVersion };
    return new SwitchClient(connection, (connected) => this.#watch(connected));
  }

  async #watch({ session }: ConnectedSwitch): Promise<void> {
    session.onMessage((message) => this.#onMessage(message));
    try {
      const content = this.#options.timeouts === undefined ? 'without actions' : 'with actions';
      await session.multipart(watchEverything(content), () => undefined);
    } catch (error) {
      if (!(error instanceof SwitchError)) throw error;
      this.#refused = error;
      this.#options.timeouts?.lost(error.message);
      if (session.version === OF13) this.#tryOlder();
      return;
    }
    this.#refused = undefined;
    this.#watching = session;
    session.ended.addEventListener('abort', () => {
      if (this.#watching === session) this.#watching = undefined;
      this.#options.timeouts?.lost('the connection ended');
    });
    await this.#readRules(session);
    // Changes while the connection was down are not reported.
    if (this.#everWatched) this.#notify();
    this.#everWatched = true;
  }

  /** Reads the time-outs of all rules. Changes in the meantime are observed, too. */
  async #readRules(session: Session): Promise<void> {
    const { timeouts } = this.#options;
    if (timeouts === undefined) return;
    timeouts.begin();
    this.#readAgainAtMs = Infinity;
    const startedMs = performance.now();
    // Not the monitor's initial state: Open vSwitch 3.1 sends it in another version than asked for.
    await readAllTables(
      session,
      (stats) => {
        timeouts.observe(stats.idleTimeout);
        timeouts.observe(finTimeoutOf(stats));
      },
      session.ended,
    );
    timeouts.complete();
    const endedMs = performance.now();
    this.#readAgainAtMs =
      endedMs + Math.max(READ_AGAIN_MS, (endedMs - startedMs) * PERIOD_PER_READING);
  }

  #readAgain(): void {
    const session = this.#watching;
    if (session === undefined || this.#options.timeouts?.outdated !== true) return;
    if (performance.now() < this.#readAgainAtMs) return;
    // A new connection reads them again.
    this.#readRules(session).catch((error: unknown) => void session.close(asError(error)));
  }

  #tryOlder(): void {
    const refused = this.#client;
    // Not from within the set-up of its connection: closing it waits for that.
    setImmediate(() => {
      void refused.close();
      if (this.#closed) return;
      this.#client = this.#makeClient(OF10);
      this.#client.start();
    });
  }

  #onMessage(message: Message): void {
    if (message.type === 'flow-monitor-paused' || message.type === 'flow-monitor-resumed') {
      this.#notify();
      return;
    }
    const updates = foreignUpdates(message, this.#options.isOurs);
    if (updates.length === 0) return;
    this.#learn(updates);
    this.#notify();
  }

  #learn(updates: readonly ForeignUpdate[]): void {
    const { timeouts } = this.#options;
    if (timeouts === undefined) return;
    for (const update of updates) {
      if (update.kind !== 'added') timeouts.removed();
      if (update.kind === 'deleted') continue;
      timeouts.observe(update.idleTimeout);
      timeouts.observe(finTimeoutOf(update));
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
