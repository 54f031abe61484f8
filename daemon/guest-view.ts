import type { GuestStatus } from '../adapters/guest/guest-channels.ts';
import type { GuestView } from '../api/status-view.ts';

/** The channel to a guest, as `norikae status` shows it. */
export function guestView({ agent, ended, lastProblem, ...status }: GuestStatus): GuestView {
  return {
    ...status,
    agent: agent ?? null,
    ended: Object.fromEntries(ended),
    problem: lastProblem ?? null,
  };
}
