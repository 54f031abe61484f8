import { readDeviceCounters } from './testbed/device-counters.ts';
import { NotInTime } from './testbed/wait.ts';

const LOOK_EVERY_MS = 1;

/**
 * Resolves to the wall clock (ms since the epoch) of the first packet received on a port, to about
 * 2 ms. Polls the kernel's counters in the network namespace of `pid`.
 *
 * @throws {NotInTime} when none arrived
 */
export function firstPacketAt(pid: number, port: string, timeoutMs: number): Promise<number> {
  const before = readDeviceCounters(pid, port).rxPackets;
  const until = performance.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (readDeviceCounters(pid, port).rxPackets > before) {
        resolve(Date.now());
      } else if (performance.now() > until) {
        reject(new NotInTime(`no packet arrived on ${port} within ${timeoutMs} ms`));
      } else {
        setTimeout(look, LOOK_EVERY_MS);
      }
    };
    look();
  });
}
