import type { StatusView } from '../api/status-view.ts';
import type { HistoryView, NodePoint } from '../api/history-view.ts';

/** Time between two points, ms. */
const PERIOD_MS = 1_000;
/** Points kept: ten minutes. */
const MAX_POINTS = 600;

/** The last minutes of the node's aggregates: a bounded number of points, a second apart. */
export class History {
  readonly #points: NodePoint[] = [];
  #next = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Adds a point if a period has passed since the last one. */
  observe(view: { point(): NodePoint | undefined }, nowMs: number): void {
    // Tolerates a tick that comes slightly early.
    if (nowMs - this.#lastMs < 0.9 * PERIOD_MS) return;
    const point = view.point();
    if (point === undefined) return;
    this.#lastMs = nowMs;
    this.#points[this.#next] = point;
    this.#next = (this.#next + 1) % MAX_POINTS;
  }

  /** All points, oldest first, as columns. */
  view(): HistoryView {
    const newer = this.#points.slice(0, this.#next);
    const points = [...this.#points.slice(this.#next), ...newer];
    return {
      periodMs: PERIOD_MS,
      columns: {
        timeMs: points.map((p) => p.timeMs),
        vswitchBitsPerSecond: points.map((p) => p.vswitchBitsPerSecond),
        nicBitsPerSecond: points.map((p) => p.nicBitsPerSecond),
        fastPathBitsPerSecond: points.map((p) => p.fastPathBitsPerSecond),
        vswitchPacketsPerSecond: points.map((p) => p.vswitchPacketsPerSecond),
        nicPacketsPerSecond: points.map((p) => p.nicPacketsPerSecond),
        fastPathPacketsPerSecond: points.map((p) => p.fastPathPacketsPerSecond),
        coverage: points.map((p) => p.coverage),
        cpuSavedCores: points.map((p) => p.cpuSavedCores),
        hostCpu: points.map((p) => p.hostCpu),
        flows: points.map((p) => p.flows),
        entriesUsed: points.map((p) => p.entriesUsed),
        entries: points.map((p) => p.entries),
        tickMs: points.map((p) => p.tickMs),
      },
    };
  }
}

/** The values of a status that charts show; rates are rounded to whole numbers. */
export function pointOf(status: StatusView, timeMs: number): NodePoint {
  const { paths, flows, backends } = status;
  const fast = paths['fast-path'];
  return {
    timeMs: Math.round(timeMs),
    vswitchBitsPerSecond: Math.round(paths.vswitch.bitsPerSecond),
    nicBitsPerSecond: Math.round(paths.nic.bitsPerSecond),
    fastPathBitsPerSecond: Math.round(fast.bitsPerSecond),
    vswitchPacketsPerSecond: Math.round(paths.vswitch.packetsPerSecond),
    nicPacketsPerSecond: Math.round(paths.nic.packetsPerSecond),
    fastPathPacketsPerSecond: Math.round(fast.packetsPerSecond),
    coverage: rounded(status.coverage.bytes),
    cpuSavedCores: rounded(status.cpuSavedCores),
    hostCpu: rounded(status.hostCpu),
    flows: flows.onload + flows.offload + flows['fast-path'],
    entriesUsed: backends.reduce((sum, backend) => sum + backend.used, 0),
    entries: backends.reduce((sum, backend) => sum + backend.entries, 0),
    tickMs: Math.round(status.tick.elapsedMs * 1_000) / 1_000,
  };
}

/** Rounds to four decimals. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10_000) / 10_000;
}
