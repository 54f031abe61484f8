import type { HistoryView, NodePoint } from '../../api/history-view.ts';

/** Maximum points: ten minutes at one per second. */
const MAX_POINTS = 600;

/** The node's values of the last minutes. */
export class Series {
  #points: readonly NodePoint[] = [];
  #periodMs = 1_000;

  /** Oldest first. */
  get points(): readonly NodePoint[] {
    return this.#points;
  }

  /** Replaces all points by the daemon's history. */
  replace({ periodMs, columns }: HistoryView): void {
    this.#periodMs = periodMs;
    this.#points = columns.timeMs
      .map((timeMs, i) => ({
        timeMs,
        vswitchBitsPerSecond: columns.vswitchBitsPerSecond[i] ?? 0,
        nicBitsPerSecond: columns.nicBitsPerSecond[i] ?? 0,
        fastPathBitsPerSecond: columns.fastPathBitsPerSecond[i] ?? 0,
        vswitchPacketsPerSecond: columns.vswitchPacketsPerSecond[i] ?? 0,
        nicPacketsPerSecond: columns.nicPacketsPerSecond[i] ?? 0,
        fastPathPacketsPerSecond: columns.fastPathPacketsPerSecond[i] ?? 0,
        coverage: columns.coverage[i] ?? null,
        cpuSavedCores: columns.cpuSavedCores[i] ?? null,
        hostCpu: columns.hostCpu[i] ?? null,
        flows: columns.flows[i] ?? 0,
        entriesUsed: columns.entriesUsed[i] ?? 0,
        entries: columns.entries[i] ?? 0,
        tickMs: columns.tickMs[i] ?? 0,
      }))
      .slice(-MAX_POINTS);
  }

  /** Adds the point of a tick; skips ticks that are faster than the points' period. */
  add(point: NodePoint): void {
    const last = this.#points.at(-1);
    if (last !== undefined && point.timeMs - last.timeMs < 0.9 * this.#periodMs) return;
    this.#points = [...this.#points.slice(1 - MAX_POINTS), point];
  }
}
