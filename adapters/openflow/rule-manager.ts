import type { FlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  CounterSink,
  Operation,
  OperationResult,
} from '../../engine/ports/offload-backend.ts';
import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { Conversation } from './conversation.ts';
import type { Cookies } from './cookies.ts';
import type { SwitchAway } from './errors.ts';
import type { FlowModBody, FlowMods } from './flow-mods.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { Operations } from './operations.ts';
import { UnreportedCounters } from './unreported-counters.ts';
import { HoldDown } from './hold-down.ts';
import { byCookie, resync } from './resync.ts';
import type { Rule } from './rule.ts';
import { RuleTable } from './rule-table.ts';
import type { Translator } from './translator.ts';

/** What a {@link RuleManager} keeps its rules with. */
export interface RuleManagerOptions {
  readonly cookies: Cookies;
  readonly translator: Translator;
  readonly journal: Journal;
  readonly entries: number;
  readonly priority: number;
  /** Seconds a rule lives without being renewed. */
  readonly hardSeconds: number;
}

/**
 * Manages rules: which ones are known to be in the switch, until when, and what they carried.
 * One call at a time.
 */
export class RuleManager {
  readonly book = new RuleTable();
  readonly quarantine = new HoldDown();
  readonly #options: RuleManagerOptions;
  readonly #owed = new UnreportedCounters();
  #heritage: ReadonlyMap<bigint, JournalEntry> = new Map();
  /** When every rule was renewed last, and until when one may be in force, ms of performance.now(). */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #inForceUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: RuleManagerOptions) {
    this.#options = options;
  }

  /** Learns which flows the rules of an earlier daemon are of. */
  async inherit(): Promise<void> {
    const { journal, cookies } = this.#options;
    this.#heritage = byCookie(await journal.read(), cookies);
  }

  /** Resynchronizes with the switch at the start of a connection. @throws PriorityTaken */
  async begin(
    conversation: Conversation,
    vswitch: PortSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { cookies, priority, translator, journal } = this.#options;
    const usable = translator.usable(conversation.ground.ports);
    const { book } = this;
    const known = { book, owed: this.#owed, heritage: this.#heritage };
    await resync({ conversation, cookies, priority, vswitch, usable, ...known }, signal);
    // Adopted once; from now on the book knows.
    this.#heritage = new Map();
    await journal.write(this.#journalEntries());
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    this.#touched();
  }

  /** Carries operations out on the switch; see {@link Operations}. */
  async apply(
    conversation: Conversation,
    operations: readonly Operation[],
    vswitch: PortSnapshot,
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const { translator, entries, journal } = this.#options;
    const { book, quarantine } = this;
    const work = new Operations({
      conversation,
      translator,
      quarantine,
      book,
      entries,
      readCounters: (s) => this.readCounters(conversation, s),
      record: (more) => journal.append(more, () => this.#journalEntries()),
    });
    try {
      return await work.apply(operations, vswitch, signal);
    } finally {
      this.#touched();
    }
  }

  /** The same without a switch: nothing can be put, and gone is what has lapsed. */
  applyAway(operations: readonly Operation[], away: SwitchAway): readonly OperationResult[] {
    this.noteLapse();
    const refusal = { code: 'device-error', detail: away.message } as const;
    return operations.map((operation) => {
      if (operation.kind === 'put') return { ok: false, refusal };
      const rule = this.book.get(operation.id);
      if (rule === undefined) return { ok: true, outcome: 'absent' };
      if (rule.installed) return { ok: false, refusal };
      this.book.delete(rule);
      return { ok: true, outcome: 'deleted' };
    });
  }

  /**
   * Renews every rule once a third of its time is over, and puts those again that have lapsed.
   * Resolves to the flows whose rules the switch did not take back: they have none any more.
   */
  async renew(conversation: Conversation): Promise<readonly FlowId[]> {
    const hardMs = this.#options.hardSeconds * 1000;
    const atMs = performance.now();
    const sinceMs = atMs - this.#renewedAtMs;
    if (sinceMs < hardMs / 3) return [];
    const { ended } = conversation.connected.session;
    // Renewed too late: the time-out of lapsed rules restarts.
    if (sinceMs > hardMs) await this.readCounters(conversation, ended);
    const rules = [...this.book.all()];
    const { mods, owner } = renewal(rules, conversation.mods);
    const errors = await conversation.run(mods, ended);
    for (const rule of rules) rule.installed = true;
    const refused = [...errors.keys()].flatMap((at) => owner[at] ?? rules);
    for (const rule of refused) this.book.delete(rule);
    this.#renewedAtMs = atMs;
    this.#touched();
    return refused.map((rule) => rule.spec.id);
  }

  /** Brings the counters up to now, and notices rules that the switch does not have any more. */
  async readCounters(conversation: Conversation, signal: AbortSignal): Promise<void> {
    const found = new Set<Rule>();
    await conversation.readOurs((stats) => {
      const rule = this.book.byCookie(stats.cookie);
      if (rule === undefined) return;
      found.add(rule);
      this.#note(rule, stats);
    }, signal);
    for (const rule of this.book.all()) if (!found.has(rule)) lapse(rule);
  }

  /** Reports the traffic carried since the last report. */
  tell(sink: CounterSink): void {
    this.#owed.tell(sink);
  }

  /**
   * The flows that have rules in the switch. Rules that it does not have are forgotten: the caller
   * knows now that it is gone, and must not find it back by itself.
   */
  async installed(conversation: Conversation, signal: AbortSignal): Promise<readonly FlowId[]> {
    await this.readCounters(conversation, signal);
    for (const rule of this.book.all()) if (!rule.installed) this.book.delete(rule);
    return [...this.book.all()].map((rule) => rule.spec.id);
  }

  /** True while a rule may still be in force in a disconnected switch. */
  mayBeInForce(): boolean {
    this.noteLapse();
    return [...this.book.all()].some((rule) => rule.installed);
  }

  /** Past the lease no rule of ours is in force, whatever became of the switch. */
  noteLapse(): void {
    if (performance.now() <= this.#inForceUntilMs) return;
    for (const rule of this.book.all()) lapse(rule);
  }

  /** Takes out every rule with our cookie. Resolves to their number. */
  async withdrawAll(conversation: Conversation): Promise<number> {
    const { cookies } = this.#options;
    const { mods } = conversation;
    const { ended } = conversation.connected.session;
    const found: ReturnType<typeof mods.removeFound>[] = [];
    let count = 0;
    await conversation.readOurs((stats) => {
      found.push(mods.removeFound(stats.cookie, stats.priority, stats.match));
      if (cookies.isHeartbeat(stats.cookie)) return;
      count++;
      const rule = this.book.byCookie(stats.cookie);
      if (rule !== undefined) this.#note(rule, stats);
    }, ended);
    const all = mods.removeAll();
    await conversation.run(all === undefined ? found : [all], ended);
    this.book.clear();
    return count;
  }

  #note(rule: Rule, { packets, bytes }: Pick<FlowStats, 'packets' | 'bytes'>): void {
    this.#owed.note(rule, Number(packets), Number(bytes));
  }

  /** Rules may have been put or renewed by now; switches look about once a second for old ones. */
  #touched(): void {
    this.#inForceUntilMs = performance.now() + (this.#options.hardSeconds + 1) * 1000;
  }

  *#journalEntries(): Iterable<JournalEntry> {
    for (const { spec } of this.book.all()) yield { id: spec.id, ports: spec.ports };
  }
}

/**
 * The messages that renew rules and put those again that have lapsed: one for all that are there
 * where they all do the same and the switch can, else one for each.
 *
 * @returns the rule that each message is about; undefined: all of them
 */
function renewal(
  rules: readonly Rule[],
  mods: FlowMods,
): { readonly mods: readonly FlowModBody[]; readonly owner: readonly (Rule | undefined)[] } {
  const there = rules.filter((rule) => rule.installed);
  const alike = there.every((rule) => rule.spec.actionsKey === there[0].spec.actionsKey);
  const all = there.length > 1 && alike ? mods.renewAll(there[0].spec.instructions) : undefined;
  const owner = all === undefined ? rules : rules.filter((rule) => !rule.installed);
  const single = owner.map(({ spec, installed }) =>
    installed ? mods.addOver(spec) : mods.add(spec),
  );
  return all === undefined
    ? { mods: single, owner }
    : { mods: [...single, all], owner: [...owner, undefined] };
}

/** The rule is not in the switch; when it is put again it counts from zero. */
function lapse(rule: Rule): void {
  rule.installed = false;
  rule.packets = 0;
  rule.bytes = 0;
}
