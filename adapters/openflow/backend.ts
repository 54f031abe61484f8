import type { FlowSpec } from '../../engine/model/flow.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  Operation,
  OperationResult,
  PathBackend,
  Support,
} from '../../engine/ports/path-backend.ts';
import { Serial } from '../../engine/serial.ts';
import { SwitchError } from './connection/errors.ts';
import type { Session } from './connection/session.ts';
import type { ConnectedSwitch } from './connection/switch-client.ts';
import { SwitchClient } from './connection/switch-client.ts';
import { Conversation } from './conversation.ts';
import { Cookies } from './cookies.ts';
import { SwitchAway } from './errors.ts';
import { heartbeats } from './heartbeats.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { Operations } from './operations.ts';
import type { OpenFlowOptions } from './options.ts';
import { Owed } from './owed.ts';
import { mayOverlap } from './overlap.ts';
import { Quarantine } from './quarantine.ts';
import { byCookie, resync } from './resync.ts';
import { portsHold, type Rule } from './rule.ts';
import { RuleBook } from './rule-book.ts';
import { Translator } from './translator.ts';
import { type ForeignUpdate, foreignUpdates, watchEverything } from './watch-request.ts';

/**
 * The node's OpenFlow switch as a place for flows: `fast-path` puts a rule that sends the flow to
 * the fast path's port, taking it out leaves the flow to the rules of the switch's controller.
 *
 * Every rule has a hard time-out and is renewed while the daemon lives. Only rules with our own
 * cookie are ever touched.
 */
export class OpenFlowBackend implements PathBackend {
  readonly name = 'openflow';
  readonly #options: OpenFlowOptions;
  readonly #cookies: Cookies;
  readonly #translator: Translator;
  readonly #client: SwitchClient;
  readonly #journal: Journal;
  readonly #book = new RuleBook();
  readonly #owed = new Owed();
  readonly #serial = new Serial();
  readonly #hardSeconds: number;
  #vswitch: PortSnapshot = new Map();
  #heritage: ReadonlyMap<bigint, JournalEntry> = new Map();
  #conversation: Conversation | undefined;
  /** When every rule was renewed last, ms of performance.now(). */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  /** Rules that were taken out for a port's sake and that nobody has been told of. */
  readonly #lost: FlowId[] = [];
  readonly #lostListeners = new Set<() => void>();
  readonly #quarantine = new Quarantine();
  #description = 'OpenFlow switch, not connected yet';

  constructor(options: OpenFlowOptions) {
    this.#options = options;
    this.#cookies = new Cookies(options.cookieTag);
    this.#translator = new Translator(options, this.#cookies);
    this.#journal = new Journal(options.journal);
    // Switches look for rules to be removed about once a second.
    this.#hardSeconds = Math.max(1, Math.floor(options.leaseMs / 1000) - 1);
    this.#client = new SwitchClient(options.connection, (connected, signal) =>
      this.#serial.run(() => this.#inStep(connected, signal)),
    );
  }

  /**
   * Connects and adopts. A switch that cannot be reached within its time-out is no error: it is
   * tried on in the background, and until it is there the backend has no room.
   */
  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#vswitch = ports;
    this.#heritage = byCookie(await this.#journal.read(), this.#cookies);
    this.#client.start();
    const late = new AbortController();
    const timeoutMs = this.#options.connection.session?.timeoutMs ?? 5_000;
    const timer = setTimeout(
      () => late.abort(new SwitchAway(this.#client.name, undefined)),
      timeoutMs,
    );
    try {
      await this.#client.up(AbortSignal.any([signal, late.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  capabilities(): BackendCapabilities {
    return {
      placement: 'fast-path',
      entries: this.#options.entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs: (this.#hardSeconds + 1) * 1000,
      heartbeatMs: this.#options.heartbeatMs,
      survivesRestart: true,
      description: this.#description,
    };
  }

  supports(flow: FlowSpec): Support {
    const made = this.#translator.make(flow, this.#vswitch, undefined);
    return made.ok ? { ok: true } : made;
  }

  capacity(): Capacity {
    const used = this.#book.size;
    const entries = this.#conversation === undefined ? used : this.#options.entries;
    return { entries, used, masks: Number.POSITIVE_INFINITY, masksUsed: 0 };
  }

  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    signal.throwIfAborted();
    return this.#serial.run(() => {
      const conversation = this.#conversation;
      if (conversation === undefined) return Promise.resolve(this.#withoutSwitch(operations));
      return this.#operations(conversation).apply(operations, this.#vswitch, signal);
    });
  }

  async entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation === undefined) {
        // What may still be in force is told as installed.
        this.#noteLapse();
        for (const { installed, spec } of this.#book.all()) if (installed) sink.entry(spec.id);
        return;
      }
      const ids: FlowId[] = [];
      await conversation.readOurs((stats) => {
        const rule = this.#book.byCookie(stats.cookie);
        if (rule !== undefined) ids.push(rule.spec.id);
      }, signal);
      for (const id of ids) sink.entry(id);
    });
  }

  async counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation === undefined) this.#noteLapse();
      else await this.#readCounters(conversation, signal);
      const unknown = [...this.#book.all()].some((rule) => rule.installed);
      if (conversation === undefined && unknown) {
        throw new SwitchAway(this.#client.name, this.#client.error);
      }
      this.#owed.tell(sink);
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
    await this.#serial.run(() => this.#renew());
    const conversation = this.#conversation;
    if (conversation === undefined || this.#options.heartbeatMs === 0) return;
    await heartbeats(this.#book, conversation, this.#options, (task) => this.#serial.run(task));
  }

  async withdrawAll(): Promise<number> {
    return this.#serial.run(async () => {
      const conversation = this.#conversation;
      if (conversation === undefined) {
        this.#noteLapse();
        if ([...this.#book.all()].some((rule) => rule.installed)) {
          throw new SwitchAway(this.#client.name, this.#client.error);
        }
        this.#book.clear();
        return 0;
      }
      const signal = conversation.connected.session.ended;
      let count = 0;
      const found: Parameters<typeof conversation.mods.removeFound>[] = [];
      await conversation.readOurs((stats) => {
        if (this.#cookies.isHeartbeat(stats.cookie)) return;
        count++;
        const rule = this.#book.byCookie(stats.cookie);
        if (rule !== undefined) this.#note(rule, stats);
        found.push([stats.cookie, stats.priority, stats.match]);
      }, signal);
      const all = conversation.mods.removeAll();
      const { mods } = conversation;
      await conversation.run(
        all === undefined ? found.map((one) => mods.removeFound(...one)) : [all],
        signal,
      );
      this.#book.clear();
      return count;
    });
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    try {
      if (how === 'withdraw') await this.withdrawAll();
    } finally {
      await this.#client.close();
      this.#conversation = undefined;
    }
  }

  /** The switch, for whoever wants to see it: its state in words. */
  get state(): string {
    const error = this.#client.error;
    if (this.#conversation !== undefined) return this.#description;
    return `${this.#client.name} is not connected${error === undefined ? '' : `: ${error.message}`}`;
  }

  async #inStep(connected: ConnectedSwitch, signal: AbortSignal): Promise<void> {
    const { priority } = this.#options;
    const { session, description } = connected;
    const place = { priority, hardTimeout: this.#hardSeconds };
    const conversation = new Conversation(connected, place, this.#cookies);
    await resync(
      {
        conversation,
        cookies: this.#cookies,
        priority,
        book: this.#book,
        owed: this.#owed,
        heritage: this.#heritage,
        vswitch: this.#vswitch,
        usable: this.#translator.usable(connected.ports),
      },
      signal,
    );
    const watched = await this.#watch(session, signal);
    // Adopted once; from now on the book knows.
    this.#heritage = new Map();
    await this.#journal.write(this.#journalEntries());
    this.#conversation = conversation;
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    const version = session.version === 4 ? '1.3' : '1.0';
    const kind =
      description === undefined ? 'a switch' : `${description.hardware} ${description.software}`;
    this.#description = `OpenFlow ${version} to ${kind} at ${this.#client.name}${watched ? '' : ', without a flow monitor'}`;
    session.ended.addEventListener('abort', () => {
      if (this.#conversation === conversation) this.#conversation = undefined;
    });
    session.onMessage((message) => {
      if (message.type === 'port-status') this.#followSwitchPorts();
      const updates = foreignUpdates(message, (cookie) => this.#cookies.areOurs(cookie));
      if (updates.length > 0) this.#followController(updates);
    });
  }

  /** Asks to hear of other owners' changes; false where the switch cannot tell. */
  async #watch(session: Session, signal: AbortSignal): Promise<boolean> {
    try {
      await session.multipart(watchEverything(), () => undefined, signal);
      return true;
    } catch (error) {
      if (error instanceof SwitchError) return false;
      throw error;
    }
  }

  /** Renews every rule once a third of its time is over. */
  async #renew(): Promise<void> {
    const conversation = this.#conversation;
    const hardMs = this.#hardSeconds * 1000;
    const sinceMs = performance.now() - this.#renewedAtMs;
    if (conversation === undefined || sinceMs < hardMs / 3) return;
    const { ended } = conversation.connected.session;
    // Later than it should be: what has lapsed begins to count anew.
    if (sinceMs > hardMs) await this.#readCounters(conversation, ended);
    const rules = [...this.#book.all()];
    const atMs = performance.now();
    const errors = await conversation.run(
      rules.map(({ spec, installed }) =>
        installed ? conversation.mods.addOver(spec) : conversation.mods.add(spec),
      ),
      ended,
    );
    rules.forEach((rule, i) => {
      rule.installed = !errors.has(i);
    });
    this.#renewedAtMs = atMs;
  }

  async #readCounters(conversation: Conversation, signal: AbortSignal): Promise<void> {
    const found = new Set<Rule>();
    await conversation.readOurs((stats) => {
      const rule = this.#book.byCookie(stats.cookie);
      if (rule === undefined) return;
      found.add(rule);
      this.#note(rule, stats);
    }, signal);
    for (const rule of this.#book.all()) {
      if (!rule.installed || found.has(rule)) continue;
      rule.installed = false;
      rule.packets = 0;
      rule.bytes = 0;
    }
  }

  #note(
    rule: Rule,
    { packets, bytes }: { readonly packets: bigint; readonly bytes: bigint },
  ): void {
    this.#owed.note(rule, Number(packets), Number(bytes));
  }

  /** A port of the switch came, went or lost its link: rules that need it must not hold traffic. */
  #followSwitchPorts(): void {
    const take = async (): Promise<void> => {
      const ports = this.#conversation?.ground.ports;
      if (ports === undefined) return;
      const usable = this.#translator.usable(ports);
      await this.#takeOut((rule) => !rule.spec.switchPorts.every((number) => usable.has(number)));
      for (const listener of this.#lostListeners) listener();
    };
    // A failure ends the connection, and the next one begins by looking.
    void this.#serial.run(take).catch(() => undefined);
  }

  /**
   * Another owner's rules have changed where ours hide them: the flows go back to those rules, and
   * stay there for long enough to be seen by the vSwitch, or not to be seen any more.
   */
  #followController(updates: readonly ForeignUpdate[]): void {
    const concerned = (rule: Rule): boolean =>
      updates.some(
        (update) =>
          update.priority < this.#options.priority && mayOverlap(update.match, rule.spec.match),
      );
    const take = async (): Promise<void> => {
      const ids = [...this.#book.all()].filter(concerned).map((rule) => rule.spec.id);
      if (ids.length === 0) return;
      this.#quarantine.add(ids);
      await this.#takeOut(concerned);
      for (const listener of this.#lostListeners) listener();
    };
    void this.#serial.run(take).catch(() => undefined);
  }

  /** Takes rules out and notes them as lost. Rejects when one of them may still be in force. */
  async #takeOut(test: (rule: Rule) => boolean): Promise<void> {
    const ids = [...this.#book.all()].filter(test).map((rule) => rule.spec.id);
    const operations = ids.map((id): Operation => ({ kind: 'delete', id }));
    const conversation = this.#conversation;
    const results =
      conversation === undefined
        ? this.#withoutSwitch(operations)
        : await this.#operations(conversation).apply(
            operations,
            this.#vswitch,
            conversation.connected.session.ended,
          );
    this.#lost.push(...ids.filter((_, i) => results[i].ok));
    if (results.some((result) => !result.ok)) {
      throw new SwitchAway(this.#client.name, this.#client.error);
    }
  }

  /** Nothing can be put; what has lapsed is gone. */
  #withoutSwitch(operations: readonly Operation[]): readonly OperationResult[] {
    this.#noteLapse();
    const detail = new SwitchAway(this.#client.name, this.#client.error).message;
    return operations.map((operation) => {
      if (operation.kind === 'put') return { ok: false, refusal: { code: 'device-error', detail } };
      const rule = this.#book.get(operation.id);
      if (rule === undefined) return { ok: true, outcome: 'absent' };
      if (rule.installed) return { ok: false, refusal: { code: 'device-error', detail } };
      this.#book.delete(rule);
      return { ok: true, outcome: 'deleted' };
    });
  }

  /** Past the lease no rule of ours is in force, whatever became of the switch. */
  #noteLapse(): void {
    if (performance.now() - this.#renewedAtMs <= (this.#hardSeconds + 1) * 1000) return;
    for (const rule of this.#book.all()) {
      rule.installed = false;
      rule.packets = 0;
      rule.bytes = 0;
    }
  }

  #operations(conversation: Conversation): Operations {
    return new Operations({
      conversation,
      translator: this.#translator,
      quarantine: this.#quarantine,
      book: this.#book,
      entries: this.#options.entries,
      readCounters: (signal) => this.#readCounters(conversation, signal),
      record: (entries) => this.#journal.append(entries, () => this.#journalEntries()),
    });
  }

  *#journalEntries(): Iterable<JournalEntry> {
    for (const { spec } of this.#book.all()) yield { id: spec.id, ports: spec.ports };
  }
}
