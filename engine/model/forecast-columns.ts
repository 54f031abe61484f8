import { grownF64 } from './columns.ts';

/**
 * What each flow is expected to send. Written by the engine once a tick, before the rules look.
 * The rates are means over the forecast's horizon, over all paths.
 */
export class ForecastColumns {
  packetsPerSecond = new Float64Array(0);
  bitsPerSecond = new Float64Array(0);
  /**
   * What an entry for the flow would bring: expected packets/s, to which bits count as packets of
   * the node's mean size as far as bandwidth is scarcer than CPU time. Packets/s.
   */
  worth = new Float64Array(0);
  /** Means over the last seconds, slower than those of telemetry. */
  meanPacketsPerSecond = new Float64Array(0);
  meanBitsPerSecond = new Float64Array(0);
  /** The kind of flow it was at the last reading, and the rate that its forecast was made from. */
  cell = new Int16Array(0);
  base = new Float64Array(0);

  grow(rows: number): void {
    this.packetsPerSecond = grownF64(this.packetsPerSecond, rows);
    this.bitsPerSecond = grownF64(this.bitsPerSecond, rows);
    this.worth = grownF64(this.worth, rows);
    this.meanPacketsPerSecond = grownF64(this.meanPacketsPerSecond, rows);
    this.meanBitsPerSecond = grownF64(this.meanBitsPerSecond, rows);
    this.base = grownF64(this.base, rows);
    const cell = new Int16Array(rows).fill(-1);
    cell.set(this.cell);
    this.cell = cell;
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
