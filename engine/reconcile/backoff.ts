import type { RefusalCode } from '../model/refusal.ts';

/**
 * Time before a flow is tried again after a number of consecutive refusals, ms: 1 s, doubled after
 * each, at most 64 s. A flow without a place in the table is tried again sooner, because places become
 * free as other flows leave: after 250 ms to 1 s, eight times, then after twice as long each time, at
 * most 16 s.
 */
export function backoffMs(refusals: number, code: RefusalCode): number {
  const n = Math.max(1, refusals);
  if (code !== 'probe-depth' && code !== 'table-full') return 1000 * 2 ** Math.min(6, n - 1);
  const doublings = n <= 8 ? Math.min(2, n - 1) : Math.min(6, n - 6);
  return 250 * 2 ** doublings;
}
