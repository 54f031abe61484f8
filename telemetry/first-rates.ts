import type { FlowTable } from '../engine/model/flow-table.ts';

/** Shortest time that a first rate is taken over, ms: over less, a second packet looks like many. */
export const MIN_RATE_MS = 20;

/**
 * Gives the flows of a partial reading a first rate, from what they have sent since they were made, or
 * since the last complete reading had them. The rates last until the next complete reading, which
 * computes all rates as if there had been no partial ones.
 *
 * @param rows rows that were observed in the partial reading
 * @param atMs time of that reading, ms of the clock
 * @returns the rows that have a rate now: those whose packets were counted
 */
export function estimateFirstRates(table: FlowTable, rows: Int32Array, atMs: number): Int32Array {
  const { traffic: t, rates: r } = table;
  // Before the first complete reading, nothing tells old flows from new ones.
  if (r.atMs === Number.NEGATIVE_INFINITY) return new Int32Array(0);
  return rows.filter((row) => {
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row] - r.previousBytes[row];
    const packets = t.vswitchPackets[row] + t.carriedPackets[row] - r.previousPackets[row];
    if (packets <= 0) return false;
    const isInterim = r.primed[row] === 1;
    const sinceMs = isInterim ? r.countedMs[row] : t.firstSeenMs[row];
    const seconds = Math.max(MIN_RATE_MS, atMs - sinceMs) / 1000;
    r.lastBitsPerSecond[row] = (bytes * 8) / seconds;
    r.lastPacketsPerSecond[row] = packets / seconds;
    // The smoothed rates of a flow that has some continue from the last complete reading.
    if (isInterim) return true;
    r.bitsPerSecond[row] = r.lastBitsPerSecond[row];
    r.packetsPerSecond[row] = r.lastPacketsPerSecond[row];
    return true;
  });
}
