/** Time to wait after so many refusals in a row, ms: doubles from 1 s, at most 64 s. */
export function backoffMs(refusals: number): number {
  return 1000 * 2 ** Math.min(6, Math.max(0, refusals - 1));
}
