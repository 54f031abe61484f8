import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  Operation,
  OperationResult,
  OffloadBackend,
  Support,
} from '../../engine/ports/offload-backend.ts';
import { QueueFull, SerialQueue } from '../../async/serial-queue.ts';
import { bounded } from '../../async/bounded.ts';
import { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import {
  type ConnectedSwitch,
  SwitchClient,
} from '../../protocols/openflow/connection/switch-client.ts';
import { Conversation } from './conversation.ts';
import { Cookies } from './cookies.ts';
import { SwitchAway } from './errors.ts';
import { heartbeats } from './heartbeats.ts';
import { Journal } from './journal.ts';
import type { OpenFlowOptions } from './options.ts';
import { mayOverlap } from './overlap.ts';
import { portsHold, type Rule } from './rule.ts';
import { RuleManager } from './rule-manager.ts';
import { Translator } from './translator.ts';
import { type ForeignUpdate, foreignUpdates, watchEverything } from './watch-request.ts';

/**
 * The node's OpenFlow switch as a place for flows: `fast-path` puts a rule that sends the flow to
 * the fast path's port, taking it out leaves the flow to the rules of the switch's controller.
 *
 * Every rule has a hard time-out and is renewed while the daemon lives. Only rules with our own
 * cookie are ever touched.
 */
export class OpenFlowBackend implements OffloadBackend {
  readonly name = 'openflow';
  readonly #options: OpenFlowOptions;
  readonly #cookies: Cookies;
  readonly #translator: Translator;
  readonly #client: SwitchClient;
  readonly #keeper: RuleManager;
  readonly #serial = new SerialQueue();
  readonly #hardSeconds: number;
  /** Flows whose rules this backend removed by itself and has not reported yet. */
  readonly #lost: FlowId[] = [];
  readonly #lostListeners = new Set<() => void>();
  #vswitch: PortSnapshot = new Map();
  #conversation: Conversation | undefined;
  #description = 'OpenFlow switch, not connected yet';

  constructor(options: OpenFlowOptions) {
    const { cookieTag, entries, priority, leaseMs } = options;
    this.#options = options;
    this.#cookies = new Cookies(cookieTag);
    this.#translator = new Translator(options, this.#cookies);
    // Switches look for rules to be removed about once a second.
    this.#hardSeconds = Math.max(1, Math.floor(leaseMs / 1000) - 1);
    this.#keeper = new RuleManager({
      cookies: this.#cookies,
      translator: this.#translator,
      journal: new Journal(options.journal),
      entries,
      priority,
      hardSeconds: this.#hardSeconds,
    });
    this.#client = new SwitchClient(options.connection, (connected, signal) =>
      this.#serial.run(() => this.#begin(connected, signal)),
    );
  }

  /**
   * Connects and adopts. A switch that cannot be reached within its time-out is no error: it is
   * tried on in the background, and until it is there the backend has no room.
   */
  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#vswitch = ports;
    await this.#keeper.inherit();
    this.#client.start();
    const timeoutMs = this.#options.connection.session?.timeoutMs ?? 5_000;
    const late = (): Error => this.#away();
    try {
      await bounded({ until: [signal], timeoutMs, late }, (bound) => this.#client.up(bound));
    } catch (error) {
      if (!signal.aborted) return;
      await this.#client.close();
      throw error;
    }
  }

  capabilities(): BackendCapabilities {
    return {
      placement: 'fast-path',
      entries: this.#options.entries,
      ...(this.#options.throughput === undefined ? {} : { throughput: this.#options.throughput }),
      masks: Number.POSITIVE_INFINITY,
      leaseMs: (this.#hardSeconds + 1) * 1000,
      heartbeatMs: this.#options.heartbeatMs,
      survivesRestart: true,
      tellsLastPacket: false,
      description: this.#conversation === undefined ? this.#away().message : this.#description,
    };
  }

  supports(flow: FlowSpec): Support {
    const made = this.#translator.make(flow, this.#vswitch, undefined);
    return made.ok ? { ok: true } : made;
  }

  capacity(): Capacity {
    const used = this.#keeper.book.size;
    const entries = this.#conversation === undefined ? used : this.#options.entries;
    return { entries, used, masks: Number.POSITIVE_INFINITY, masksUsed: 0 };
  }

  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    signal.throwIfAborted();
    return this.#serial.run(() => this.#apply(operations, signal));
  }

  async entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation !== undefined) {
        for (const id of await this.#keeper.installed(conversation, signal)) sink.entry(id);
        return;
      }
      // A rule that may still be in force is reported as installed.
      this.#keeper.noteLapse();
      for (const { installed, spec } of this.#keeper.book.all()) {
        if (installed) sink.entry(spec.id);
      }
    });
  }

  async counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation !== undefined) await this.#keeper.readCounters(conversation, signal);
      else if (this.#keeper.mayBeInForce()) throw this.#away();
      this.#keeper.tell(sink);
    });
  }

  async portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    this.#vswitch = ports;
    return this.#serial.run(async () => {
      await this.#takeOut((rule) => !portsHold(rule.spec.ports, ports));
      return this.#lost.splice(0);
    });
  }

  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  async renewLease(): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    await this.#serial.run(async () => {
      const refused = await this.#keeper.renew(conversation);
      this.#lost.push(...refused);
      if (refused.length > 0) this.#tellLost();
    });
    if (this.#options.heartbeatMs === 0) return;
    const inTurn = (task: () => Promise<void>) => this.#serial.run(task);
    await heartbeats(this.#keeper.book, conversation, this.#options, inTurn);
  }

  async withdrawAll(): Promise<number> {
    return this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation !== undefined) return this.#keeper.withdrawAll(conversation);
      if (this.#keeper.mayBeInForce()) throw this.#away();
      this.#keeper.book.clear();
      return 0;
    });
  }

  /** Ends. What cannot be taken out because the switch is away goes with its lease. */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    try {
      if (how === 'withdraw' && this.#conversation !== undefined) await this.withdrawAll();
    } finally {
      await this.#client.close();
      this.#conversation = undefined;
    }
  }

  /** A new connection: resynchronizes with the switch before any operation. */
  async #begin(connected: ConnectedSwitch, signal: AbortSignal): Promise<void> {
    const { session, description } = connected;
    const place = { priority: this.#options.priority, hardTimeout: this.#hardSeconds };
    const conversation = new Conversation(connected, place, this.#cookies);
    await this.#keeper.begin(conversation, this.#vswitch, signal);
    const watched = (await watch(session, signal)) ? '' : ', without flow monitor';
    const version = session.version === 4 ? '1.3' : '1.0';
    const { hardware, software } = description ?? { hardware: 'a', software: 'switch' };
    const kind = `${hardware} ${software}`;
    this.#description = `OpenFlow ${version} to ${kind} at ${this.#client.name}${watched}`;
    this.#conversation = conversation;
    session.ended.addEventListener('abort', () => {
      if (this.#conversation === conversation) this.#conversation = undefined;
    });
    session.onMessage((message) => {
      if (message.type === 'port-status') this.#followSwitchPorts(conversation);
      const updates = foreignUpdates(message, (cookie) => this.#cookies.areOurs(cookie));
      if (updates.length > 0) this.#followController(updates);
    });
  }

  async #apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const conversation = this.#conversation;
    return conversation === undefined
      ? this.#keeper.applyAway(operations, this.#away())
      : this.#keeper.apply(conversation, operations, this.#vswitch, signal);
  }

  /** A port of the switch came, went or lost its link: rules that need it must not hold traffic. */
  #followSwitchPorts({ ground }: Conversation): void {
    this.#inTurn(async () => {
      const usable = this.#translator.usable(ground.ports);
      await this.#takeOut(({ spec }) => !spec.switchPorts.every((number) => usable.has(number)));
      // Also of ports that came back: flows were refused for want of them.
      this.#tellLost();
    });
  }

  /**
   * Another owner's rules have changed where ours hide them: the flows go back to those rules, and
   * stay there for long enough to be seen by the vSwitch, or not to be seen any more.
   */
  #followController(updates: readonly ForeignUpdate[]): void {
    const { priority } = this.#options;
    const hidden = updates.filter((update) => update.priority < priority);
    this.#inTurn(async () => {
      const ids = await this.#takeOut(({ spec }) =>
        hidden.some((update) => mayOverlap(update.match, spec.match)),
      );
      this.#keeper.quarantine.add(ids);
      if (ids.length > 0) this.#tellLost();
    });
  }

  #inTurn(task: () => Promise<void>): void {
    // A failure ends the connection, and the next one begins by looking.
    void this.#serial.run(task).catch((error: unknown) => {
      if (error instanceof QueueFull) void this.#conversation?.connected.session.close(error);
    });
  }

  /** Takes rules out and notes them as lost. Rejects when one of them may still be in force. */
  async #takeOut(test: (rule: Rule) => boolean): Promise<readonly FlowId[]> {
    const ids = [...this.#keeper.book.all()].filter(test).map((rule) => rule.spec.id);
    if (ids.length === 0) return [];
    const ended = this.#conversation?.connected.session.ended ?? AbortSignal.abort();
    const results = await this.#apply(
      ids.map((id): Operation => ({ kind: 'delete', id })),
      ended,
    );
    this.#lost.push(...ids.filter((_, i) => results[i].ok));
    if (results.some((result) => !result.ok)) throw this.#away();
    return ids;
  }

  #tellLost(): void {
    for (const listener of this.#lostListeners) listener();
  }

  #away(): SwitchAway {
    return new SwitchAway(this.#client.name, this.#client.error);
  }
}

/** Asks to hear of other owners' changes; false where the switch cannot tell. */
async function watch(session: Session, signal: AbortSignal): Promise<boolean> {
  try {
    await session.multipart(watchEverything(), () => undefined, signal);
    return true;
  } catch (error) {
    if (error instanceof SwitchError) return false;
    throw error;
  }
}
