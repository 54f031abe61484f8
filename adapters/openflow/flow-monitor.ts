import type { ChangeMonitor } from '../../engine/ports/change-monitor.ts';
import type { Message } from '../../protocols/openflow/codec/messages.ts';
import { OF10, OF13, type Version } from '../../protocols/openflow/codec/version.ts';
import { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import {
  type ConnectedSwitch,
  SwitchClient,
  type SwitchClientOptions,
} from '../../protocols/openflow/connection/switch-client.ts';
import { foreignUpdates, watchEverything } from './watch-request.ts';

/** Options of a {@link FlowMonitor}. */
export interface FlowMonitorOptions {
  readonly connection: SwitchClientOptions;
  /** True for cookies of our own rules, whose changes are ignored. */
  readonly isOurs: (cookie: bigint) => boolean;
}

/**
 * Subscribes to rule changes of one switch with a flow monitor: the ONF's on OpenFlow 1.3, else
 * Nicira's on 1.0. Updates are requested without actions: only the fact that a rule changed is
 * needed.
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
    return this.#client.close();
  }

  #makeClient(maxVersion: Version): SwitchClient {
    const connection = { ...this.#options.connection, maxVersion };
    return new SwitchClient(connection, (connected) => this.#watch(connected));
  }

  async #watch({ session }: ConnectedSwitch): Promise<void> {
    session.onMessage((message) => this.#onMessage(message));
    try {
      await session.multipart(watchEverything(), () => undefined);
    } catch (error) {
      if (!(error instanceof SwitchError)) throw error;
      this.#refused = error;
      if (session.version === OF13) this.#tryOlder();
      return;
    }
    this.#refused = undefined;
    this.#watching = session;
    session.ended.addEventListener('abort', () => {
      if (this.#watching === session) this.#watching = undefined;
    });
    // Changes while the connection was down are not reported.
    if (this.#everWatched) this.#notify();
    this.#everWatched = true;
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
    } else if (foreignUpdates(message, this.#options.isOurs).length > 0) {
      this.#notify();
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
