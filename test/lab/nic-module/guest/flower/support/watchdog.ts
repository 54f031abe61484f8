import { monotonicMs } from '../../../../../../async/monotonic.ts';
import { Libbpf } from '../../../../../../adapters/nic/core/libbpf.ts';
import { NetworkLock } from '../../../../../../adapters/nic/core/network-lock.ts';
import { FlowerPins } from '../../../../../../adapters/nic/flower/pins.ts';
import { TrafficControlRequests } from '../../../../../../adapters/nic/flower/traffic-control.ts';
import { RuleWatch } from '../../../../../../adapters/nic/flower/rule-watch.ts';
import type { OpenWatchdog } from '../../../../../../adapters/nic/flower/watchdog.ts';

let lastPid = 0;

/**
 * A watchdog in the process of the test, which need not start a process for each backend. As one in a
 * process of its own, it goes on when the backend is closed and the rules stay.
 */
export const openTestWatchdog: OpenWatchdog = (pinPath, pins) => {
  const stop = new AbortController();
  const pid = ++lastPid;
  let isStarted = false;
  return {
    ensure() {
      if (isStarted) return;
      isStarted = true;
      const own = FlowerPins.open(new Libbpf(), pinPath);
      if (own === undefined) throw new Error(`no pins in ${pinPath}`);
      const tc = new TrafficControlRequests(new NetworkLock());
      const watch = new RuleWatch({
        pins: own,
        tc,
        pid,
        hasDaemon: () => true,
        nowMs: monotonicMs,
      });
      void watch.run(stop.signal).finally(() => {
        tc.close();
        own.close();
      });
    },
    isAlive: () => pins.watchdogPid === pid,
    pid,
    readAgeMs: () => monotonicMs() - pins.watchdogAliveMs,
    stop: () => stop.abort(),
  };
};
