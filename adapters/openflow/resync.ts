import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { SwitchConnection } from './switch-connection.ts';
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

/** The state that the switch's rules are compared with. */
export interface ResyncInput {
  readonly connection: SwitchConnection;
  readonly cookies: Cookies;
  readonly priority: number;
  /** Time between two heartbeats, ms; 0 disables heartbeats. */
  readonly heartbeatMs: number;
  readonly ruleTable: RuleTable;
  readonly unreported: UnreportedCounters;
  /** Journal of an earlier daemon, by cookie; empty after the first connection. */
  readonly journalByCookie: ReadonlyMap<bigint, JournalEntry>;
  readonly vswitch: PortSnapshot;
  /** Numbers of the switch's ports that rules may name. */
  readonly usable: ReadonlySet<number>;
}

/**
 * Reconciles table and switch at the start of a connection. Rules as in the table stay; rules of an
 * earlier daemon that are still correct are adopted; other rules with our cookie are removed; rules
 * that the switch lost are marked.
 *
 * @throws PriorityTaken when the switch has rules of another owner at our priority
 */
export async function resync(input: ResyncInput, signal: AbortSignal): Promise<void> {
  const { connection, cookies, ruleTable, unreported, priority } = input;
  const found = new Set<Rule>();
  const strays: FlowModBody[] = [];
  const remove = (s: FlowStats): void => {
    strays.push(connection.mods.removeFound(s.cookie, s.priority, s.match));
  };
  await connection.readTable((stats) => {
    if (!cookies.areOurs(stats.cookie)) {
      if (stats.priority === priority || stats.priority === priority + 1) {
        throw new PriorityTaken(connection.connected.session.peer, stats.priority, stats.cookie);
      }
      return;
    }
    const rule = cookies.isHeartbeat(stats.cookie) ? undefined : ruleTable.byCookie(stats.cookie);
    if (rule !== undefined && isAsInTable(rule, stats, priority)) {
      unreported.note(rule, Number(stats.packets), Number(stats.bytes));
      found.add(rule);
    } else {
      const adopted = adopt(input, stats);
      if (adopted === undefined) remove(stats);
      else {
        ruleTable.add(adopted);
        found.add(adopted);
      }
    }
  }, signal);
  for (const rule of ruleTable.all()) {
    rule.installed = found.has(rule);
    if (rule.installed) continue;
    rule.packets = 0;
    rule.bytes = 0;
  }
  await connection.run(strays, signal);
}

function isAsInTable(rule: Rule, stats: FlowStats, priority: number): boolean {
  return (
    stats.priority === priority &&
    rule.spec.matchKey === matchKey(stats.match) &&
    rule.spec.actionsKey === instructionsKey(stats.instructions)
  );
}

/** A rule of an earlier daemon whose ports are unchanged. Its counters were already reported. */
function adopt(input: ResyncInput, stats: FlowStats): Rule | undefined {
  const { journalByCookie, ruleTable, vswitch, usable, priority } = input;
  const entry = journalByCookie.get(stats.cookie);
  if (entry === undefined || stats.priority !== priority) return undefined;
  if (ruleTable.byCookie(stats.cookie) !== undefined) return undefined;
  if (!portsHold(entry.ports, vswitch, input.heartbeatMs)) return undefined;
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

/** The journal's entries by the cookie of their rules. */
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
