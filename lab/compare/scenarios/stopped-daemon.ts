import { BRIDGE } from '../../testbed/node.ts';
import { sleep } from '../../testbed/wait.ts';
import { nicBytes } from '../bed/placement.ts';
import { NONE_MORE } from '../verdict/tolerances.ts';
import type { Scenario } from './scenario.ts';
import { StreamRun } from './stream-run.ts';

const PACKETS_PER_SECOND = 1_000;
const LEASE_MS = 2_000;
/** From the change of the rule until the lease has lapsed. */
const LAPSED_MS = LEASE_MS + 500;
/** Watched after the daemon goes on. */
const WATCHED_SECONDS = 2;

/** The lease lapses while a rule changes; entries from before the lapse must not carry packets again. */
export const STOPPED_DAEMON: Scenario = {
  name: 'stopped-daemon',
  text: 'the daemon stops, a rule changes to drop, the lease lapses, the daemon goes on',
  withoutOffload: false,
  quantities: [
    { what: 'packets that arrive after the lapse', worse: 'more', tolerance: NONE_MORE },
  ],
  measure: async (bed, startDaemon) => {
    const { sender, node } = bed;
    await bed.rules();
    const daemon = await startDaemon?.({
      backend: { leaseMs: LEASE_MS },
      poll: { periodMs: LEASE_MS / 2 },
    });
    const stream = await StreamRun.open(bed);
    try {
      await stream.warm(daemon);
      await stream.send(PACKETS_PER_SECOND / 2, PACKETS_PER_SECOND);
      daemon?.process.kill('SIGSTOP');
      await node.ovs.ofctl('mod-flows', BRIDGE, `in_port=${sender.vm.number},actions=drop`);
      await sleep(LAPSED_MS);
      // The packets are under way when the daemon goes on.
      const sending = stream.send(PACKETS_PER_SECOND * WATCHED_SECONDS, PACKETS_PER_SECOND);
      await sleep(300);
      daemon?.process.kill('SIGCONT');
      const { received } = await stream.counts(await sending);
      const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon, bed.pace);
      return { values: [received], offloadedBytes };
    } finally {
      await stream.close();
      await daemon?.stop();
    }
  },
};
