import type { RefusalCode } from '../model/refusal.ts';

/**
 * Time before a flow is tried again after a number of consecutive refusals, ms: 1 s, doubled after
 * each, at most 64 s. A collision in a hash table is retried sooner, from the next tick to 16 s,
 * because the places of a flow become free as other flows leave.
 */
export function backoffMs(refusals: number, code: RefusalCode): number {
  const firstMs = code === 'probe-depth' ? 250 : 1000;
  return firstMs * 2 ** Math.min(6, Math.max(0, refusals - 1));
}
