import { readFileSync } from 'node:fs';
import { parseCpuTimes } from '../../adapters/host/cpu-times.ts';
import type { CpuTimes } from '../../engine/ports/host-source.ts';

/** /proc/stat cannot be parsed. */
export class NoCpuTimes extends Error {
  override readonly name = 'NoCpuTimes';
}

/**
 * Measures the share of all CPUs that the host itself uses, 1 - idle - guest, from its construction
 * to `share`. In this lab the VMs are namespaces: their CPU time is not guest time and counts as
 * the host's.
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

/** Measures the share of all CPUs that is not idle, from its construction to `share`. */
export class BusyCpuMeter {
  readonly #start = readCpuTimes();

  /** 0 to 1, since construction. */
  share(): number {
    const now = readCpuTimes();
    const total = now.total - this.#start.total;
    return total === 0 ? 0 : 1 - (now.idle - this.#start.idle) / total;
  }
}

/**
 * Measures the share of all CPUs that the kernel spends in softirqs, which receive packets, from its
 * construction to `share`.
 */
export class SoftirqMeter {
  readonly #start = readSoftirq();

  /** 0 to 1, since construction. */
  share(): number {
    const now = readSoftirq();
    const total = now.total - this.#start.total;
    return total === 0 ? 0 : (now.softirq - this.#start.softirq) / total;
  }
}

/** The column `softirq` of the line `cpu` (proc(5)). */
const SOFTIRQ = 6;

function readSoftirq(): { readonly total: number; readonly softirq: number } {
  const stat = readFileSync('/proc/stat', 'latin1');
  const { total } = readCpuTimes(stat);
  return { total, softirq: Number(stat.split('\n')[0].trim().split(/ +/)[SOFTIRQ + 1] ?? 0) };
}

function readCpuTimes(stat = readFileSync('/proc/stat', 'latin1')): CpuTimes {
  const times = parseCpuTimes(stat);
  if (times === undefined) throw new NoCpuTimes('/proc/stat has no line `cpu`');
  return times;
}
