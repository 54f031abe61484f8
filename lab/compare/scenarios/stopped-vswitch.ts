import { nicBytes } from '../bed/placement.ts';
import type { Scenario } from './scenario.ts';
import { StreamRun } from './stream-run.ts';

const PACKETS_PER_SECOND = 200;
const SECONDS = 7;
/** Longest time for which entries may carry packets without a verification, ms: the default. */
const LEASE_MS = 3_000;
const SLACK_MS = 500;

/** The vSwitch stops, so entries cannot be verified. */
export const STOPPED_VSWITCH: Scenario = {
  name: 'stopped-vswitch',
  text: `ovs-vswitchd stops for ${SECONDS} s; entries may carry packets for ${LEASE_MS / 1_000} s more`,
  withoutOffload: false,
  quantities: [
    {
      what: 'packets that arrive meanwhile',
      worse: 'more',
      tolerance: { factor: 1, slack: ((LEASE_MS + SLACK_MS) / 1_000) * PACKETS_PER_SECOND },
    },
  ],
  measure: async (bed, startDaemon) => {
    await bed.rules();
    const daemon = await startDaemon?.({
      backend: { leaseMs: LEASE_MS },
      poll: { periodMs: 1_000 },
    });
    const stream = await StreamRun.open(bed);
    try {
      await stream.warm(daemon);
      await stream.send(PACKETS_PER_SECOND, PACKETS_PER_SECOND);
      const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon, bed.pace);
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
