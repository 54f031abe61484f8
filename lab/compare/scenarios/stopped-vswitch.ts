import { nicBytes } from '../bed/placement.ts';
import type { Scenario } from './scenario.ts';
import { StreamRun } from './stream-run.ts';

const PACKETS_PER_SECOND = 200;
const SECONDS = 7;
/** What Norikae promises at most, ms: after it, entries that nobody can verify carry nothing. */
const BLIND_MS = 3_000;
const SLACK_MS = 500;

/** The vSwitch stops: nothing can verify entries any more. */
export const STOPPED_VSWITCH: Scenario = {
  name: 'stopped-vswitch',
  text: `ovs-vswitchd stops for ${SECONDS} s; entries may carry packets for ${BLIND_MS / 1_000} s more`,
  withoutOffload: false,
  quantities: [
    {
      what: 'packets that arrive meanwhile',
      minds: 'more',
      tolerance: { factor: 1, slack: ((BLIND_MS + SLACK_MS) / 1_000) * PACKETS_PER_SECOND },
    },
  ],
  measure: async (bed, startDaemon) => {
    await bed.rules();
    const daemon = await startDaemon?.({
      backend: { leaseMs: 2_000 },
      poll: { periodMs: 1_000 },
    });
    const stream = await StreamRun.open(bed);
    try {
      await stream.warm(daemon);
      await stream.send(PACKETS_PER_SECOND, PACKETS_PER_SECOND);
      const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon);
      const pid = bed.node.ovs.vswitchdPid ?? 0;
      process.kill(pid, 'SIGSTOP');
      try {
        const range = await stream.send(PACKETS_PER_SECOND * SECONDS, PACKETS_PER_SECOND);
        const { received } = await stream.counts(range);
        return { values: [received], offloadedBytes };
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    } finally {
      await stream.close();
      await daemon?.stop();
    }
  },
};
