import type { CpuTimes } from '../../engine/ports/host-source.ts';

/** Columns of the `cpu` line, in order (proc(5)). */
const USER = 0;
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;
const GUEST = 8;
const GUEST_NICE = 9;

/**
 * Reads the first line of /proc/stat: the time of all CPUs together, in clock ticks.
 *
 * The host's own use is 1 - idle - guest, as mpstat's 100 % - %idle - %guest:
 * - `user` and `nice` include the guests' time, so `guest` and `guest_nice` are not added to the
 *   total again.
 * - `iowait` counts as idle, unlike in mpstat's %idle: such a CPU is available for other work.
 * - `steal` counts as used: another VM had the CPU, so it was not available.
 *
 * @returns undefined when the text has no such line
 */
export function parseCpuTimes(stat: string): CpuTimes | undefined {
  const columns = /^cpu +([\d ]+)$/m.exec(stat)?.[1].trim().split(/ +/).map(Number);
  if (columns === undefined || columns.length <= IDLE) return undefined;
  const at = (column: number): number => columns[column] ?? 0;
  let total = 0;
  for (let column = USER; column <= STEAL; column++) total += at(column);
  return { total, idle: at(IDLE) + at(IOWAIT), guest: at(GUEST) + at(GUEST_NICE) };
}
