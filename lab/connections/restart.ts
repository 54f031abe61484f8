import type { Interval } from '../testbed/iperf3.ts';
import { sleep } from '../testbed/wait.ts';
import type { Scene } from './scene.ts';
import type { Clients } from './traffic.ts';

/** Time in which the connection may recover, ms: TCP sends again at the latest after a few seconds. */
const RECOVERY_MS = 10_000;

/** What a restart of ovs-vswitchd does to a connection. */
export interface Restart {
  /** Longest time in which it sent nothing, ms, in steps of its reports. */
  readonly longestGapMs: number;
  /** Whether it sent again in the end. */
  readonly survives: boolean;
}

/** Restarts the client's ovs-vswitchd while the connection sends. */
export async function restartVswitch(
  { switches: [{ ovs }] }: Scene,
  { bulk }: Clients,
): Promise<Restart> {
  const from = bulk.intervals.length;
  await ovs.stopVswitchd();
  await ovs.startVswitchd();
  await sleep(RECOVERY_MS);
  const since = bulk.intervals.slice(from);
  return { longestGapMs: longestGapMs(since), survives: (since.at(-1)?.bytes ?? 0) > 0 };
}

/** Length of the longest run of intervals without a byte, ms. */
export function longestGapMs(intervals: readonly Pick<Interval, 'bytes' | 'seconds'>[]): number {
  let longest = 0;
  let gap = 0;
  for (const { bytes, seconds } of intervals) {
    gap = bytes === 0 ? gap + seconds : 0;
    longest = Math.max(longest, gap);
  }
  return Math.round(1_000 * longest);
}
