import { uptime } from 'node:os';
import { sleep } from './wait.ts';

/**
 * Open vSwitch 3.1.0 takes the number of processors for 0 until a machine has been up for 10 s. ovs-vswitchd then
 * has no thread for packets that miss the kernel datapath, which loses all of them, also later. An emulated
 * machine starts it sooner.
 */
const COUNTS_PROCESSORS_S = 10;

/**
 * Resolves when the machine has been up long enough for ovs-vswitchd to be started.
 *
 * @param uptimeS reads for how long the machine has been up, s
 */
export async function untilProcessorsCount(uptimeS: () => number = uptime): Promise<void> {
  for (;;) {
    const leftS = COUNTS_PROCESSORS_S - uptimeS();
    if (leftS < 0) return;
    await sleep(Math.ceil(leftS * 1_000) + 1);
  }
}
