import type { FlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  CounterSink,
  LeaseRenewal,
  Operation,
  OperationResult,
} from '../../engine/ports/offload-backend.ts';
import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import { monotonicMs } from '../../async/monotonic.ts';
import type { LeaseTimes } from './lease-times.ts';
import type { SwitchConnection } from './switch-connection.ts';
import type { Cookies } from './cookies.ts';
import type { SwitchNotConnected } from './errors.ts';
import type { FlowModBody, FlowMods } from './flow-mods.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { Operations } from './operations.ts';
import { UnreportedCounters } from './unreported-counters.ts';
import { HoldDown } from './hold-down.ts';
import { byCookie, resync } from './resync.ts';
import type { Rule } from './rule.ts';
import { RuleTable } from './rule-table.ts';
import type { Translator } from './translator.ts';

/** Result of {@link RuleManager.renew}. */
export interface Renewed {
  readonly renewal: LeaseRenewal;
  /** Flows whose rules the switch refused. */
  readonly refused: readonly FlowId[];
}

const LATE: Renewed = { renewal: 'late', refused: [] };
const UNCHANGED: Renewed = { renewal: 'renewed', refused: [] };

/** Options of a {@link RuleManager}. */
export interface RuleManagerOptions {
  readonly cookies: Cookies;
  readonly translator: Translator;
  readonly journal: Journal;
  readonly entries: number;
  readonly priority: number;
  /** Time between two heartbeats, ms; 0 disables heartbeats. */
  readonly heartbeatMs: number;
  readonly lease: LeaseTimes;
}

/**
 * Manages our rules: which are in the switch, until when, and their traffic. One call at a time.
 */
export class RuleManager {
  readonly ruleTable = new RuleTable();
  readonly holdDown = new HoldDown();
  readonly #options: RuleManagerOptions;
  readonly #unreported = new UnreportedCounters();
  #journalByCookie: ReadonlyMap<bigint, JournalEntry> = new Map();
  /**
   * When all rules were last renewed; until when one may be in force; and after which time a
   * verification allows the next renewal; ms of CLOCK_MONOTONIC.
   */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #inForceUntilMs = Number.NEGATIVE_INFINITY;
  #endedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RuleManagerOptions) {
    this.#options = options;
  }

  /** Reads the flows of an earlier daemon's rules from the journal. */
  async loadJournal(): Promise<void> {
    const { journal, cookies } = this.#options;
    this.#journalByCookie = byCookie(await journal.read(), cookies);
  }

  /** Resynchronizes with the switch at the start of a connection. @throws PriorityTaken */
  async resynchronize(
    connection: SwitchConnection,
    vswitch: PortSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { cookies, priority, heartbeatMs, translator, journal } = this.#options;
    const usable = translator.usable(connection.switchInfo.ports);
    const { ruleTable } = this;
    const known = {
      ruleTable,
      unreported: this.#unreported,
      journalByCookie: this.#journalByCookie,
    };
    const rules = { cookies, priority, heartbeatMs };
    await resync({ connection, vswitch, usable, ...rules, ...known }, signal);
    // Adopted once; from now on they are in the table.
    this.#journalByCookie = new Map();
    await journal.write(this.#journalEntries());
    this.#noteLapse();
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    this.#touched();
  }

  /** Executes operations on the switch; see {@link Operations}. */
  async apply(
    connection: SwitchConnection,
    operations: readonly Operation[],
    vswitch: PortSnapshot,
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const { translator, entries, journal } = this.#options;
    const { ruleTable, holdDown } = this;
    const work = new Operations({
      connection,
      translator,
      holdDown,
      ruleTable,
      entries,
      readCounters: (s) => this.readCounters(connection, s),
      record: (more) => journal.append(more, () => this.#journalEntries()),
    });
    try {
      return await work.apply(operations, vswitch, signal);
    } finally {
      this.#touched();
    }
  }

  /** The same without a connection: puts are refused, and deletes succeed for lapsed rules. */
  applyDisconnected(
    operations: readonly Operation[],
    error: SwitchNotConnected,
  ): readonly OperationResult[] {
    this.expireLapsed();
    const refusal = { code: 'device-error', detail: error.message } as const;
    return operations.map((operation) => {
      if (operation.kind === 'put') return { ok: false, refusal };
      const rule = this.ruleTable.get(operation.id);
      if (rule === undefined) return { ok: true, outcome: 'absent' };
      if (rule.installed) return { ok: false, refusal };
      this.ruleTable.delete(rule);
      return { ok: true, outcome: 'deleted' };
    });
  }

  /**
   * Renews all rules after a third of their lifetime, and installs lapsed ones again. Does nothing
   * when the rules were verified too long ago, or before they may have lapsed. Resolves to the flows
   * whose rules the switch refused; they have no rule any more.
   */
  async renew(connection: SwitchConnection, verifiedAtMs: number): Promise<Renewed> {
    const { hardSeconds, renewWithinMs } = this.#options.lease;
    const hardMs = hardSeconds * 1000;
    const sinceMs = monotonicMs() - this.#renewedAtMs;
    this.#noteLapse();
    if (verifiedAtMs < this.#endedAtMs) return LATE;
    if (sinceMs < hardMs / 3) return UNCHANGED;
    const { ended } = connection.connected.session;
    // Renewed too late: the time-out of lapsed rules restarts.
    if (sinceMs > hardMs) await this.readCounters(connection, ended);
    // Right before the messages are sent: the rules' time-outs start when they arrive.
    const atMs = monotonicMs();
    if (atMs - verifiedAtMs > renewWithinMs) return LATE;
    const rules = [...this.ruleTable.all()];
    const { mods, owner } = renewal(rules, connection.mods);
    const errors = await connection.run(mods, ended);
    for (const rule of rules) rule.installed = true;
    const refused = [...errors.keys()].flatMap((at) => owner[at] ?? rules);
    for (const rule of refused) this.ruleTable.delete(rule);
    this.#renewedAtMs = atMs;
    this.#touched();
    return { renewal: 'renewed', refused: refused.map((rule) => rule.spec.id) };
  }

  /** Removes all rules from the switch; {@link renew} restores them after a newer verification. */
  async endLease(connection: SwitchConnection): Promise<void> {
    await this.#removeFromSwitch(connection);
    for (const rule of this.ruleTable.all()) lapse(rule);
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    this.#endedAtMs = monotonicMs();
  }

  /** Reads the counters, and marks rules that the switch no longer has. */
  async readCounters(connection: SwitchConnection, signal: AbortSignal): Promise<void> {
    const found = new Set<Rule>();
    await connection.readOurs((stats) => {
      const rule = this.ruleTable.byCookie(stats.cookie);
      if (rule === undefined) return;
      found.add(rule);
      this.#note(rule, stats);
    }, signal);
    for (const rule of this.ruleTable.all()) if (!found.has(rule)) lapse(rule);
  }

  /** Reports the traffic carried since the last report. */
  report(sink: CounterSink): void {
    this.#unreported.report(sink);
  }

  /**
   * The flows that have rules in the switch. Rules that it lost are dropped from the table: the
   * caller learns here that they are gone, so a renewal must not restore them.
   */
  async installed(connection: SwitchConnection, signal: AbortSignal): Promise<readonly FlowId[]> {
    await this.readCounters(connection, signal);
    for (const rule of this.ruleTable.all()) if (!rule.installed) this.ruleTable.delete(rule);
    return [...this.ruleTable.all()].map((rule) => rule.spec.id);
  }

  /** True while a rule may still be in force in a disconnected switch. */
  mayBeInForce(): boolean {
    this.expireLapsed();
    return [...this.ruleTable.all()].some((rule) => rule.installed);
  }

  /** After the lease none of our rules is in force, whatever the state of the switch. */
  expireLapsed(): void {
    if (monotonicMs() <= this.#inForceUntilMs) return;
    for (const rule of this.ruleTable.all()) lapse(rule);
  }

  /** Removes every rule with our cookie. Resolves to their number. */
  async withdrawAll(connection: SwitchConnection): Promise<number> {
    const count = await this.#removeFromSwitch(connection);
    this.ruleTable.clear();
    return count;
  }

  async #removeFromSwitch(connection: SwitchConnection): Promise<number> {
    const { cookies } = this.#options;
    const { mods } = connection;
    const { ended } = connection.connected.session;
    const found: ReturnType<typeof mods.removeFound>[] = [];
    let count = 0;
    await connection.readOurs((stats) => {
      found.push(mods.removeFound(stats.cookie, stats.priority, stats.match));
      if (cookies.isHeartbeat(stats.cookie)) return;
      count++;
      const rule = this.ruleTable.byCookie(stats.cookie);
      if (rule !== undefined) this.#note(rule, stats);
    }, ended);
    const all = mods.removeAll();
    await connection.run(all === undefined ? found : [all], ended);
    return count;
  }

  /** Records the end of the lease, if the rules may have lapsed since the last renewal. */
  #noteLapse(): void {
    const lapsesAtMs = this.#renewedAtMs + this.#options.lease.hardSeconds * 1000;
    if (monotonicMs() > lapsesAtMs) this.#endedAtMs = Math.max(this.#endedAtMs, lapsesAtMs);
  }

  #note(rule: Rule, { packets, bytes }: Pick<FlowStats, 'packets' | 'bytes'>): void {
    this.#unreported.note(rule, Number(packets), Number(bytes));
  }

  /** Rules may just have been installed or renewed; switches expire them about once a second. */
  #touched(): void {
    this.#inForceUntilMs = monotonicMs() + this.#options.lease.inForceMs;
  }

  *#journalEntries(): Iterable<JournalEntry> {
    for (const { spec } of this.ruleTable.all()) yield { id: spec.id, ports: spec.ports };
  }
}

/**
 * The messages that renew rules and install lapsed ones again: one message for all installed rules
 * if their actions are equal and the switch supports it, else one per rule.
 *
 * @returns the rule that each message is about; undefined: all of them
 */
function renewal(
  rules: readonly Rule[],
  mods: FlowMods,
): { readonly mods: readonly FlowModBody[]; readonly owner: readonly (Rule | undefined)[] } {
  const installed = rules.filter((rule) => rule.installed);
  const sameActions = installed.every(
    (rule) => rule.spec.actionsKey === installed[0].spec.actionsKey,
  );
  const all =
    installed.length > 1 && sameActions ? mods.renewAll(installed[0].spec.instructions) : undefined;
  const owner = all === undefined ? rules : rules.filter((rule) => !rule.installed);
  const single = owner.map(({ spec, installed }) =>
    installed ? mods.renew(spec) : mods.add(spec),
  );
  return all === undefined
    ? { mods: single, owner }
    : { mods: [...single, all], owner: [...owner, undefined] };
}

/** Marks a rule as absent from the switch; when it is installed again it counts from zero. */
function lapse(rule: Rule): void {
  rule.installed = false;
  rule.packets = 0;
  rule.bytes = 0;
}
