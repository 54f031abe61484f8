import type { GuestStatus } from '../adapters/guest/guest-channels.ts';
import type { GuestView } from '../api/status-view.ts';
import type { GuestCounts } from '../telemetry/influx/node-lines.ts';
import type { Node } from './node.ts';

/** The channel to a guest, as `norikae status` shows it. */
export function guestView({ agent, ended, lastProblem, ...status }: GuestStatus): GuestView {
  return {
    ...status,
    agent: agent ?? null,
    ended: Object.fromEntries(ended),
    problem: lastProblem ?? null,
  };
}

/** Numbers of guests now. */
export function guestCounts({ guests }: Pick<Node, 'guests'>): GuestCounts {
  const status = guests?.status() ?? [];
  return {
    connected: status.filter(({ state }) => state === 'connected').length,
    leases: status.filter(({ hasLease }) => hasLease).length,
  };
}
