import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { Conversation } from './conversation.ts';
import type { Cookies } from './cookies.ts';
import { PriorityTaken } from './errors.ts';
import type { FlowModBody } from './flow-mods.ts';
import type { JournalEntry } from './journal.ts';
import type { UnreportedCounters } from './unreported-counters.ts';
import { portsHold, type Rule, type RuleSpec } from './rule.ts';
import type { RuleTable } from './rule-table.ts';
import { newRule } from './steps.ts';
import { instructionsKey, matchKey } from './translate/canonical.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';

/** What a new connection is compared with. */
export interface ResyncInput {
  readonly conversation: Conversation;
  readonly cookies: Cookies;
  readonly priority: number;
  readonly book: RuleTable;
  readonly owed: UnreportedCounters;
  /** What an earlier daemon left, by cookie; empty after the first connection. */
  readonly heritage: ReadonlyMap<bigint, JournalEntry>;
  readonly vswitch: PortSnapshot;
  /** Numbers of the switch's ports that rules may name. */
  readonly usable: ReadonlySet<number>;
}

/**
 * Reconciles table and switch at the start of a connection: rules that are as the table says
 * stay, rules of an earlier daemon that are still right are adopted, everything else that carries
 * our cookie is taken out, and what the switch has lost is marked as such.
 *
 * @throws PriorityTaken when another owner's rules are where ours would be
 */
export async function resync(input: ResyncInput, signal: AbortSignal): Promise<void> {
  const { conversation, cookies, book, owed, priority } = input;
  const found = new Set<Rule>();
  const strangers: FlowModBody[] = [];
  const remove = (s: FlowStats): void => {
    strangers.push(conversation.mods.removeFound(s.cookie, s.priority, s.match));
  };
  await conversation.readTable((stats) => {
    if (!cookies.areOurs(stats.cookie)) {
      if (stats.priority === priority || stats.priority === priority + 1) {
        throw new PriorityTaken(conversation.connected.session.peer, stats.priority, stats.cookie);
      }
      return;
    }
    const rule = cookies.isHeartbeat(stats.cookie) ? undefined : book.byCookie(stats.cookie);
    if (rule !== undefined && isAsInBook(rule, stats, priority)) {
      owed.note(rule, Number(stats.packets), Number(stats.bytes));
      found.add(rule);
    } else {
      const adopted = adopt(input, stats);
      if (adopted === undefined) remove(stats);
      else {
        book.add(adopted);
        found.add(adopted);
      }
    }
  }, signal);
  for (const rule of book.all()) {
    rule.installed = found.has(rule);
    if (rule.installed) continue;
    rule.packets = 0;
    rule.bytes = 0;
  }
  await conversation.run(strangers, signal);
}

function isAsInBook(rule: Rule, stats: FlowStats, priority: number): boolean {
  return (
    stats.priority === priority &&
    rule.spec.matchKey === matchKey(stats.match) &&
    rule.spec.actionsKey === instructionsKey(stats.instructions)
  );
}

/** A rule of an earlier daemon whose ports are unchanged; its counters were reported. */
function adopt(input: ResyncInput, stats: FlowStats): Rule | undefined {
  const { heritage, book, vswitch, usable, priority } = input;
  const entry = heritage.get(stats.cookie);
  if (entry === undefined || stats.priority !== priority) return undefined;
  if (book.byCookie(stats.cookie) !== undefined) return undefined;
  if (!portsHold(entry.ports, vswitch)) return undefined;
  const switchPorts = outputs(stats);
  if (!switchPorts.every((number) => usable.has(number))) return undefined;
  const spec: RuleSpec = {
    id: entry.id,
    cookie: stats.cookie,
    match: stats.match,
    instructions: stats.instructions,
    matchKey: matchKey(stats.match),
    actionsKey: instructionsKey(stats.instructions),
    ports: entry.ports,
    switchPorts,
    slowPort: undefined,
  };
  return newRule(spec, Number(stats.packets), Number(stats.bytes));
}

function outputs({ instructions }: FlowStats): readonly number[] {
  return instructions.flatMap((one) =>
    one.kind === 'apply-actions'
      ? one.actions.flatMap((action) => (action.kind === 'output' ? [action.port] : []))
      : [],
  );
}

/** The journal's entries by the cookie that their rules have. */
export function byCookie(
  entries: readonly JournalEntry[],
  cookies: Cookies,
): ReadonlyMap<bigint, JournalEntry> {
  const result = new Map<bigint, JournalEntry>();
  for (const entry of entries) {
    const cookie = cookies.ofRule(entry.id);
    const other = result.get(cookie);
    // Two flows share the cookie: the owner of the rule is unknown, so it is an orphan.
    if (other !== undefined && formatFlowId(other.id) !== formatFlowId(entry.id)) {
      result.delete(cookie);
    } else {
      result.set(cookie, entry);
    }
  }
  return result;
}
