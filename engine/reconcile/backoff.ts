/** Backoff after a number of consecutive refusals, ms: 1 s, doubled after each, at most 64 s. */
export function backoffMs(refusals: number): number {
  return 1000 * 2 ** Math.min(6, Math.max(0, refusals - 1));
}
