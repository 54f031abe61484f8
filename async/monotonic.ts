/** CLOCK_MONOTONIC, ms: the clock that the kernel, too, compares times with. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
