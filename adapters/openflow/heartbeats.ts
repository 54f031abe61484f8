import type { SwitchConnection } from './switch-connection.ts';
import type { OpenFlowOptions } from './options.ts';
import type { Rule } from './rule.ts';
import type { RuleTable } from './rule-table.ts';

/** Maximum number of flows on the slow path at the same time. */
const AT_ONCE = 1024;

/**
 * Sends flows whose heartbeat is due over the slow path for a moment, so that the vSwitch sees them
 * and its datapath flows and MAC tables stay alive.
 *
 * A rule of the next higher priority sends the flow to the vSwitch's port. The flow's own rule
 * stays, so meanwhile only the vSwitch counts its packets. The heartbeat rule has a time-out, in
 * case the daemon dies before it removes the rule.
 */
export async function heartbeats(
  ruleTable: RuleTable,
  connection: SwitchConnection,
  options: Pick<OpenFlowOptions, 'heartbeatMs' | 'pauseMs'>,
  inTurn: (task: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { mods, connected } = connection;
  const { ended } = connected.session;
  const due: { readonly rule: Rule; readonly slowPort: number }[] = [];
  const nowMs = performance.now();
  for (const rule of ruleTable.all()) {
    const { slowPort } = rule.spec;
    if (!rule.installed || slowPort === undefined) continue;
    if (nowMs - rule.beatAtMs < options.heartbeatMs) continue;
    due.push({ rule, slowPort });
    if (due.length === AT_ONCE) break;
  }
  if (due.length === 0) return;
  const put = due.map(({ rule, slowPort }) => mods.startHeartbeat(rule.spec, slowPort));
  await inTurn(async () => {
    await connection.run(put, ended);
  });
  await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  const take = due.map(({ rule }) => mods.endHeartbeat(rule.spec));
  await inTurn(async () => {
    await connection.run(take, ended);
  });
  for (const { rule } of due) rule.beatAtMs = performance.now();
}
