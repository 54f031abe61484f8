import type { Conversation } from './conversation.ts';
import type { OpenFlowOptions } from './options.ts';
import type { Rule } from './rule.ts';
import type { RuleTable } from './rule-table.ts';

/** Flows that go by the slow path at the same time. */
const AT_ONCE = 1024;

/**
 * Sends flows whose heartbeat is due by the slow path for a moment, so that the vSwitch sees them:
 * its datapath flows, time-outs and MAC tables then stay alive and true.
 *
 * A rule of the next higher priority sends the flow to the vSwitch's port; the flow's own rule and
 * its counters stay as they are, so what passes meanwhile is counted by the vSwitch alone. That
 * rule has its own time-out, in case the daemon dies before it removes the rule.
 */
export async function heartbeats(
  book: RuleTable,
  conversation: Conversation,
  options: Pick<OpenFlowOptions, 'heartbeatMs' | 'pauseMs'>,
  inTurn: (task: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { mods, connected } = conversation;
  const { ended } = connected.session;
  const due: { readonly rule: Rule; readonly slowPort: number }[] = [];
  const nowMs = performance.now();
  for (const rule of book.all()) {
    const { slowPort } = rule.spec;
    if (!rule.installed || slowPort === undefined) continue;
    if (nowMs - rule.beatAtMs < options.heartbeatMs) continue;
    due.push({ rule, slowPort });
    if (due.length === AT_ONCE) break;
  }
  if (due.length === 0) return;
  const put = due.map(({ rule, slowPort }) => mods.beat(rule.spec, slowPort));
  await inTurn(async () => {
    await conversation.run(put, ended);
  });
  await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  const take = due.map(({ rule }) => mods.unbeat(rule.spec));
  await inTurn(async () => {
    await conversation.run(take, ended);
  });
  for (const { rule } of due) rule.beatAtMs = performance.now();
}
