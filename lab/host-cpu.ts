import { readFileSync } from 'node:fs';

/** Cumulative CPU time over all CPUs, clock ticks (proc_stat(5), first line). */
interface CpuTimes {
  readonly total: number;
  readonly idle: number;
  readonly guest: number;
}

/**
 * Measures the share of all CPUs that the host itself uses, 1 - idle - guest, from its
 * construction to `share`. In this lab the VMs are namespaces: what they use is not guest time
 * and counts as the host's.
 */
export class HostCpuMeter {
  readonly #start = readCpuTimes();

  /** 0 to 1, since construction. */
  share(): number {
    const now = readCpuTimes();
    const total = now.total - this.#start.total;
    const unused = now.idle + now.guest - this.#start.idle - this.#start.guest;
    return total === 0 ? 0 : 1 - unused / total;
  }
}

function readCpuTimes(): CpuTimes {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  const [user, nice, system, idle, iowait, irq, softirq, steal, guest, guestNice] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  // The kernel counts guest time within user and nice, too.
  const total = user + nice + system + idle + iowait + irq + softirq + steal;
  return { total, idle, guest: guest + guestNice };
}
