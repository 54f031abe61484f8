import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';

const NOT_LATE: readonly number[] = PLACEMENT_NAMES.map(() => 0);

/**
 * Updates the rates of all live flows to the last reading: over all paths, of the last interval and
 * smoothed (an exponentially weighted mean whose weights depend on the length of the interval, so
 * that irregular periods do not distort it).
 *
 * A flow that appeared since the last update sent all its traffic in that interval, so it has a rate
 * immediately. Flows of the first reading may be older: they have a rate from the second on.
 *
 * A backend may report what it carried late and all at once. The rates of its flows stay until it
 * does, for as long as it may be late; then they are those of the whole time since.
 *
 * While a backend without counters has an entry of a flow, the rates stay those that the vSwitch counted
 * before.
 *
 * @param tauMs time constant of the smoothing, ms
 * @param counterDelaysMs how late the counters of backends are, ms, by placement (Infinity: a backend
 *   has none); left out: none is late
 */
export function updateRates(
  table: FlowTable,
  tauMs: number,
  counterDelaysMs: readonly number[] = NOT_LATE,
): void {
  const { traffic: t, rates: r } = table;
  const first = r.atMs === Number.NEGATIVE_INFINITY;
  const seconds = (table.readAtMs - r.atMs) / 1000;
  if (!first && seconds <= 0) return;
  r.atMs = table.readAtMs;
  r.counterDelaysMs = counterDelaysMs;
  const usualWeight = 1 - Math.exp((-seconds * 1000) / tauMs);
  const { placement } = table.decision;
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row];
    const packets = t.vswitchPackets[row] + t.carriedPackets[row];
    const delayMs = counterDelaysMs[placement[row]] ?? 0;
    const isUncounted = delayMs === Number.POSITIVE_INFINITY && r.primed[row] === 1;
    if (delayMs > 0 && r.primed[row] === 0 && r.packetsPerSecond[row] > 0) {
      // It was placed by the first rates of a partial reading, and what it sends is not counted yet.
      r.primed[row] = 1;
    } else if (!first && !isUncounted) {
      let forSeconds = seconds;
      let weight = usualWeight;
      if (delayMs > 0 && r.primed[row] === 1) {
        const sinceMs = table.readAtMs - r.countedMs[row];
        const hasReported = t.carriedPackets[row] > r.previousCarried[row];
        if (!hasReported && sinceMs < delayMs) continue;
        forSeconds = sinceMs / 1000;
        weight = 1 - Math.exp(-sinceMs / tauMs);
      }
      const bits = ((bytes - r.previousBytes[row]) * 8) / forSeconds;
      const pps = (packets - r.previousPackets[row]) / forSeconds;
      r.lastBitsPerSecond[row] = bits;
      r.lastPacketsPerSecond[row] = pps;
      if (r.primed[row] === 0) {
        // The row may have the first rates of a partial reading.
        r.bitsPerSecond[row] = bits;
        r.packetsPerSecond[row] = pps;
        r.primed[row] = 1;
      } else {
        r.bitsPerSecond[row] += weight * (bits - r.bitsPerSecond[row]);
        r.packetsPerSecond[row] += weight * (pps - r.packetsPerSecond[row]);
      }
    }
    r.previousBytes[row] = bytes;
    r.previousPackets[row] = packets;
    r.previousCarried[row] = t.carriedPackets[row];
    r.countedMs[row] = table.readAtMs;
  }
}
