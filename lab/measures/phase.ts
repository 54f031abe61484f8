/** Measurements of one phase of the experiment. */
export interface Phase {
  /** Throughput of the TCP connection, payload only. */
  readonly bitsPerSecond: number;
  /** Share of all CPUs that the host used, 1 - idle - guest, 0 to 1. */
  readonly hostCpu: number;
  /** `hostCpu` per Gbit/s. */
  readonly hostCpuPerGbit: number;
  /** Measured time, seconds. */
  readonly seconds: number;
}

/** A ratio as text. */
export function times(ratio: number): string {
  return `${ratio.toFixed(1)}x`;
}

/** Rows as lines with aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  '))
    .join('\n');
}
