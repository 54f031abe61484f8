import { readFileSync } from 'node:fs';

/**
 * CLOCK_BOOTTIME, ms, with a resolution of 10 ms. Unlike CLOCK_MONOTONIC, which Node reads, it goes on
 * while the machine is suspended. procfs answers from memory, so the call does not wait.
 */
export function bootTimeMs(): number {
  const [seconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Math.round(Number(seconds) * 1_000);
}
