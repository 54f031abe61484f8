// The watchdog of rules in hardware, a process of its own: it outlives the daemon, and removes the rules
// when the lease lapses.
//
//     node watchdog-main.js PIN_PATH
import { monotonicMs } from '../../../async/monotonic.ts';
import { Libbpf } from '../core/libbpf.ts';
import { NetworkLock } from '../core/network-lock.ts';
import { FlowerPins } from './pins.ts';
import { TrafficControlRequests } from './traffic-control.ts';
import { RuleWatch } from './rule-watch.ts';

/** The exit code for arguments or pins that cannot be used. */
const UNUSABLE = 2;

// The end of the daemon's service must not end its dead man first: it exits when the rules are gone.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);

const [pinPath = ''] = process.argv.slice(2);
const daemon = process.ppid;
const pins = FlowerPins.open(new Libbpf(), pinPath);
if (pins === undefined) {
  console.error(`norikae watchdog: ${pinPath} has no pins of flower rules`);
  process.exitCode = UNUSABLE;
} else {
  const tc = new TrafficControlRequests(new NetworkLock());
  const watch = new RuleWatch({
    pins,
    tc,
    pid: process.pid,
    hasDaemon: () => process.ppid === daemon,
    nowMs: monotonicMs,
  });
  await watch.run(new AbortController().signal);
  tc.close();
  pins.close();
}
