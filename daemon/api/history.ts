import type { HistoryView, NodePoint, StatusView } from '../control/view.ts';

/** From one point to the next, ms. */
const PERIOD_MS = 1_000;
/** Points kept: ten minutes. */
const MOST_POINTS = 600;

/** The last minutes of the node's aggregates: a bounded number of points, a second apart. */
export class History {
  readonly #points: NodePoint[] = [];
  #next = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Takes a point down when it is time for one. */
  observe(view: { point(): NodePoint | undefined }, nowMs: number): void {
    // A tick that comes a little early is still the next second's.
    if (nowMs - this.#lastMs < 0.9 * PERIOD_MS) return;
    const point = view.point();
    if (point === undefined) return;
    this.#lastMs = nowMs;
    this.#points[this.#next] = point;
    this.#next = (this.#next + 1) % MOST_POINTS;
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
        offloadBitsPerSecond: points.map((p) => p.offloadBitsPerSecond),
        fastPathBitsPerSecond: points.map((p) => p.fastPathBitsPerSecond),
        vswitchPacketsPerSecond: points.map((p) => p.vswitchPacketsPerSecond),
        offloadPacketsPerSecond: points.map((p) => p.offloadPacketsPerSecond),
        fastPathPacketsPerSecond: points.map((p) => p.fastPathPacketsPerSecond),
        coverage: points.map((p) => p.coverage),
        hostCpu: points.map((p) => p.hostCpu),
        flows: points.map((p) => p.flows),
        entriesUsed: points.map((p) => p.entriesUsed),
        tickMs: points.map((p) => p.tickMs),
      },
    };
  }
}

/** What of a status is worth a chart; whole numbers where parts of them say nothing. */
export function pointOf(status: StatusView, timeMs: number): NodePoint {
  const { bitsPerSecond: bits, packetsPerSecond: packets, flows } = status;
  const all = bits.onload + bits.offload + bits['fast-path'];
  const carried = bits.offload + bits['fast-path'];
  return {
    timeMs: Math.round(timeMs),
    vswitchBitsPerSecond: Math.round(bits.onload),
    offloadBitsPerSecond: Math.round(bits.offload),
    fastPathBitsPerSecond: Math.round(bits['fast-path']),
    vswitchPacketsPerSecond: Math.round(packets.onload),
    offloadPacketsPerSecond: Math.round(packets.offload),
    fastPathPacketsPerSecond: Math.round(packets['fast-path']),
    coverage: all === 0 ? null : rounded(carried / all),
    hostCpu: status.hostCpu === null ? null : rounded(status.hostCpu),
    flows: flows.onload + flows.offload + flows['fast-path'],
    entriesUsed: status.backends.reduce((sum, backend) => sum + backend.used, 0),
    tickMs: rounded(status.tick.elapsedMs),
  };
}

/** To a ten-thousandth. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
