import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
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
import { SwitchConnection } from './switch-connection.ts';
import { Cookies } from './cookies.ts';
import { SwitchNotConnected } from './errors.ts';
import { heartbeats } from './heartbeats.ts';
import { type LeaseTimes, leaseTimes } from './lease-times.ts';
import { Journal } from './journal.ts';
import type { OpenFlowOptions } from './options.ts';
import { mayOverlap } from './overlap.ts';
import { portsHold, type Rule } from './rule.ts';
import { RuleManager } from './rule-manager.ts';
import { Translator } from './translator.ts';
import { type ForeignUpdate, foreignUpdates, watchEverything } from './watch-request.ts';

/**
 * The node's OpenFlow switch as a backend: `fast-path` installs a rule that sends the flow to the
 * fast path's port; without it the flow follows the rules of the switch's controller.
 *
 * Every rule has a hard time-out and is renewed while the daemon runs. Only rules with our own
 * cookie are changed.
 */
export class OpenFlowBackend implements OffloadBackend {
  readonly name = 'openflow';
  readonly #options: OpenFlowOptions;
  readonly #cookies: Cookies;
  readonly #translator: Translator;
  readonly #client: SwitchClient;
  readonly #ruleManager: RuleManager;
  readonly #serial = new SerialQueue();
  readonly #lease: LeaseTimes;
  /** Flows whose rules this backend removed by itself and has not reported yet. */
  readonly #lost: FlowId[] = [];
  readonly #lostListeners = new Set<() => void>();
  #vswitch: PortSnapshot = new Map();
  #connection: SwitchConnection | undefined;
  #description = 'OpenFlow switch, not connected yet';

  constructor(options: OpenFlowOptions) {
    const { cookieTag, entries, priority, leaseMs } = options;
    this.#options = options;
    this.#cookies = new Cookies(cookieTag);
    this.#translator = new Translator(options, this.#cookies);
    this.#lease = leaseTimes(leaseMs);
    this.#ruleManager = new RuleManager({
      cookies: this.#cookies,
      translator: this.#translator,
      journal: new Journal(options.journal),
      entries,
      priority,
      heartbeatMs: options.heartbeatMs,
      lease: this.#lease,
    });
    this.#client = new SwitchClient(options.connection, (connected, signal) =>
      this.#serial.run(() => this.#onConnect(connected, signal)),
    );
  }

  /**
   * Connects and adopts. A switch that cannot be reached within its time-out is not an error:
   * connecting continues in the background, and until then the backend has no free entries.
   */
  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#vswitch = ports;
    await this.#ruleManager.loadJournal();
    this.#client.start();
    const timeoutMs = this.#options.connection.session?.timeoutMs ?? 5_000;
    const late = (): Error => this.#notConnected();
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
      leaseMs: this.#lease.leaseMs,
      verifyWithinMs: this.#lease.verifyWithinMs,
      heartbeatMs: this.#options.heartbeatMs,
      heartbeatLimitMs: this.#options.heartbeatMs,
      survivesRestart: true,
      reportsLastPacket: false,
      description:
        this.#connection === undefined ? this.#notConnected().message : this.#description,
    };
  }

  supports(flow: FlowSpec): Support {
    const translated = this.#translator.translate(flow, this.#vswitch, undefined);
    return translated.ok ? { ok: true } : translated;
  }

  capacity(): Capacity {
    const used = this.#ruleManager.ruleTable.size;
    const entries = this.#connection === undefined ? used : this.#options.entries;
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
      const connection = this.#connection;
      if (connection !== undefined) {
        for (const id of await this.#ruleManager.installed(connection, signal)) sink.entry(id);
        return;
      }
      // A rule that may still be in force is reported as installed.
      this.#ruleManager.expireLapsed();
      for (const { installed, spec } of this.#ruleManager.ruleTable.all()) {
        if (installed) sink.entry(spec.id);
      }
    });
  }

  async counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#serial.run(async () => {
      const connection = this.#connection;
      if (connection !== undefined) await this.#ruleManager.readCounters(connection, signal);
      else if (this.#ruleManager.mayBeInForce()) throw this.#notConnected();
      this.#ruleManager.report(sink);
    });
  }

  async portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    this.#vswitch = ports;
    return this.#serial.run(async () => {
      await this.#removeRules(
        (rule) => !portsHold(rule.spec.ports, ports, this.#options.heartbeatMs),
      );
      return this.#lost.splice(0);
    });
  }

  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    const connection = this.#connection;
    if (connection === undefined) return 'late';
    const renewed = await this.#serial.run(async () => {
      const { refused, renewal } = await this.#ruleManager.renew(connection, verifiedAtMs);
      for (const id of refused) this.#lost.push(id);
      if (refused.length > 0) this.#notifyLost();
      return renewal;
    });
    if (this.#options.heartbeatMs === 0 || renewed === 'late') return renewed;
    const inTurn = (task: () => Promise<void>) => this.#serial.run(task);
    await heartbeats(this.#ruleManager.ruleTable, connection, this.#options, inTurn);
    return renewed;
  }

  /** Removes our rules from the switch; the next renewal installs them again. */
  endLease(): Promise<void> {
    return this.#serial.run(async () => {
      const connection = this.#connection;
      if (connection !== undefined) return this.#ruleManager.endLease(connection);
      if (this.#ruleManager.mayBeInForce()) throw this.#notConnected();
    });
  }

  async withdrawAll(): Promise<number> {
    return this.#serial.run(async () => {
      const connection = this.#connection;
      if (connection !== undefined) return this.#ruleManager.withdrawAll(connection);
      if (this.#ruleManager.mayBeInForce()) throw this.#notConnected();
      this.#ruleManager.ruleTable.clear();
      return 0;
    });
  }

  /**
   * Closes. Rules that cannot be removed because the switch is not connected expire with their
   * lease.
   */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    try {
      if (how === 'withdraw' && this.#connection !== undefined) await this.withdrawAll();
    } finally {
      await this.#client.close();
      this.#connection = undefined;
    }
  }

  /** A new connection: resynchronizes with the switch before any operation. */
  async #onConnect(connected: ConnectedSwitch, signal: AbortSignal): Promise<void> {
    const { session, description } = connected;
    const place = { priority: this.#options.priority, hardTimeout: this.#lease.hardSeconds };
    const connection = new SwitchConnection(connected, place, this.#cookies);
    await this.#ruleManager.resynchronize(connection, this.#vswitch, signal);
    const watched = (await watch(session, signal)) ? '' : ', without flow monitor';
    const version = session.version === 4 ? '1.3' : '1.0';
    const { hardware, software } = description ?? { hardware: 'a', software: 'switch' };
    const kind = `${hardware} ${software}`;
    this.#description = `OpenFlow ${version} to ${kind} at ${this.#client.name}${watched}`;
    this.#connection = connection;
    session.ended.addEventListener('abort', () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    session.onMessage((message) => {
      if (message.type === 'port-status') this.#followSwitchPorts(connection);
      const updates = foreignUpdates(message, (cookie) => this.#cookies.areOurs(cookie));
      if (updates.length > 0) this.#followController(updates);
    });
  }

  async #apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const connection = this.#connection;
    return connection === undefined
      ? this.#ruleManager.applyDisconnected(operations, this.#notConnected())
      : this.#ruleManager.apply(connection, operations, this.#vswitch, signal);
  }

  /**
   * A port of the switch was added, removed or lost its link: rules that need it must not keep
   * traffic.
   */
  #followSwitchPorts({ switchInfo }: SwitchConnection): void {
    this.#enqueue(async () => {
      const usable = this.#translator.usable(switchInfo.ports);
      await this.#removeRules(
        ({ spec }) => !spec.switchPorts.every((number) => usable.has(number)),
      );
      // Also when ports came back: flows were refused because of them.
      this.#notifyLost();
    });
  }

  /**
   * Rules of another controller changed that ours override: the flows go back to those rules, and
   * stay there long enough for the vSwitch's flows to reflect the change.
   */
  #followController(updates: readonly ForeignUpdate[]): void {
    const { priority } = this.#options;
    const hidden = updates.filter((update) => update.priority < priority);
    this.#enqueue(async () => {
      const ids = await this.#removeRules(({ spec }) =>
        hidden.some((update) => mayOverlap(update.match, spec.match)),
      );
      this.#ruleManager.holdDown.add(ids);
      if (ids.length > 0) this.#notifyLost();
    });
  }

  #enqueue(task: () => Promise<void>): void {
    // A failure ends the connection, and the next one resynchronizes.
    void this.#serial.run(task).catch((error: unknown) => {
      if (error instanceof QueueFull) void this.#connection?.connected.session.close(error);
    });
  }

  /** Removes rules and records them as lost. Rejects when one of them may still be in force. */
  async #removeRules(test: (rule: Rule) => boolean): Promise<readonly FlowId[]> {
    const ids = [...this.#ruleManager.ruleTable.all()].filter(test).map((rule) => rule.spec.id);
    if (ids.length === 0) return [];
    const ended = this.#connection?.connected.session.ended ?? AbortSignal.abort();
    const results = await this.#apply(
      ids.map((id): Operation => ({ kind: 'delete', id })),
      ended,
    );
    for (const [i, id] of ids.entries()) if (results[i].ok) this.#lost.push(id);
    if (results.some((result) => !result.ok)) throw this.#notConnected();
    return ids;
  }

  #notifyLost(): void {
    for (const listener of this.#lostListeners) listener();
  }

  #notConnected(): SwitchNotConnected {
    return new SwitchNotConnected(this.#client.name, this.#client.error);
  }
}

/** Subscribes to changes of other controllers; false where the switch does not support it. */
async function watch(session: Session, signal: AbortSignal): Promise<boolean> {
  try {
    await session.multipart(watchEverything('without actions'), () => undefined, signal);
    return true;
  } catch (error) {
    if (error instanceof SwitchError) return false;
    throw error;
  }
}
