import { nicBytes } from '../bed/placement.ts';
import { LATE_HEARTBEATS, NONE_MORE } from '../verdict/tolerances.ts';
import type { Scenario } from './scenario.ts';
import { StreamRun } from './stream-run.ts';

const PACKETS_PER_SECOND = 5_000;
const SECONDS = 8;

/** Heartbeats go through the vSwitch, which takes longer than the redirect. */
export const ORDER: Scenario = {
  name: 'order',
  text: `${PACKETS_PER_SECOND.toLocaleString('en')} packets/s for ${SECONDS} s`,
  withoutOffload: false,
  quantities: [
    { what: 'packets that arrive behind a later one', worse: 'more', tolerance: LATE_HEARTBEATS },
    { what: 'packets that are lost', worse: 'more', tolerance: NONE_MORE },
  ],
  measure: async (bed, startDaemon) => {
    await bed.rules();
    const daemon = await startDaemon?.();
    const stream = await StreamRun.open(bed);
    try {
      await stream.warm(daemon);
      const count = PACKETS_PER_SECOND * SECONDS;
      const { received, late } = await stream.counts(await stream.send(count, PACKETS_PER_SECOND));
      const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon, bed.pace);
      return { values: [late, count - received], offloadedBytes };
    } finally {
      await stream.close();
      await daemon?.stop();
    }
  },
};
