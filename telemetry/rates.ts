import type { FlowTable } from '../engine/model/flow-table.ts';

/**
 * Updates the rates of all live flows to the last reading: over all paths, of the last interval and
 * smoothed (an exponentially weighted mean whose weights depend on the length of the interval, so
 * that irregular periods do not distort it).
 *
 * A flow that appeared since the last update sent all its traffic in that interval, so it has a rate
 * immediately. Flows of the first reading may be older: they have a rate from the second on.
 *
 * @param tauMs time constant of the smoothing, ms
 */
export function updateRates(table: FlowTable, tauMs: number): void {
  const { traffic: t, rates: r } = table;
  const first = r.atMs === Number.NEGATIVE_INFINITY;
  const seconds = (table.readAtMs - r.atMs) / 1000;
  if (!first && seconds <= 0) return;
  r.atMs = table.readAtMs;
  const weight = 1 - Math.exp((-seconds * 1000) / tauMs);
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    const bytes = t.vswitchBytes[row] + t.carriedBytes[row];
    const packets = t.vswitchPackets[row] + t.carriedPackets[row];
    if (!first) {
      const bits = ((bytes - r.previousBytes[row]) * 8) / seconds;
      const pps = (packets - r.previousPackets[row]) / seconds;
      r.lastBitsPerSecond[row] = bits;
      r.lastPacketsPerSecond[row] = pps;
      const w = r.primed[row] === 0 ? 1 : weight;
      r.bitsPerSecond[row] += w * (bits - r.bitsPerSecond[row]);
      r.packetsPerSecond[row] += w * (pps - r.packetsPerSecond[row]);
      r.primed[row] = 1;
    }
    r.previousBytes[row] = bytes;
    r.previousPackets[row] = packets;
  }
}
