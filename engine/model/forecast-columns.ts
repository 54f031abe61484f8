import { copied, resizedF64 } from './columns.ts';

/**
 * Expected traffic of each flow. Written by the engine once per tick, before rules are evaluated.
 * Rates are means over the forecast's horizon and over all paths.
 */
export class ForecastColumns {
  packetsPerSecond = new Float64Array(0);
  bitsPerSecond = new Float64Array(0);
  /**
   * Worth of the flow, packets/s: expected packets and bits, weighted by the bit share; bits count
   * as packets of the node's mean size.
   */
  worth = new Float64Array(0);
  /** Means over the last seconds, slower than the smoothed rates of telemetry. */
  meanPacketsPerSecond = new Float64Array(0);
  meanBitsPerSecond = new Float64Array(0);
  /** Cell (kind) of the flow at the last reading, and the rate from which its forecast was made. */
  cell = new Int16Array(0);
  base = new Float64Array(0);

  resize(rows: number): void {
    this.packetsPerSecond = resizedF64(this.packetsPerSecond, rows);
    this.bitsPerSecond = resizedF64(this.bitsPerSecond, rows);
    this.worth = resizedF64(this.worth, rows);
    this.meanPacketsPerSecond = resizedF64(this.meanPacketsPerSecond, rows);
    this.meanBitsPerSecond = resizedF64(this.meanBitsPerSecond, rows);
    this.base = resizedF64(this.base, rows);
    this.cell = copied(this.cell, new Int16Array(rows).fill(-1));
  }

  reset(row: number): void {
    this.packetsPerSecond[row] = 0;
    this.bitsPerSecond[row] = 0;
    this.worth[row] = 0;
    this.meanPacketsPerSecond[row] = 0;
    this.meanBitsPerSecond[row] = 0;
    this.base[row] = 0;
    this.cell[row] = -1;
  }
}
