import type { BackendMove, TickReport } from '../engine/loop/tick-report.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import { Placement } from '../engine/model/flow.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Log } from '../platform/log.ts';

const SUMMARY_EVERY_MS = 1000;

/**
 * Logs moves: each one at level debug, a summary at level info, at most once a second, so that a
 * busy node does not drown its own log.
 */
export class MoveLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #summaryDueMs = Number.NEGATIVE_INFINITY;
  #offloaded = 0;
  #onloaded = 0;
  #refused = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  observe(report: TickReport): void {
    for (const move of report.moves) this.#count(move);
    const nowMs = this.#clock.now();
    if (this.#offloaded + this.#onloaded + this.#refused === 0 || nowMs < this.#summaryDueMs)
      return;
    this.#summaryDueMs = nowMs + SUMMARY_EVERY_MS;
    this.#log.info(
      {
        offloaded: this.#offloaded,
        onloaded: this.#onloaded,
        refused: this.#refused,
        flows: report.tick.table.count,
        onVswitch: report.flows[Placement.onload],
        onBackend: report.flows[Placement.offload] + report.flows[Placement.fastPath],
      },
      'moved flows',
    );
    this.#offloaded = 0;
    this.#onloaded = 0;
    this.#refused = 0;
  }

  #count(move: BackendMove): void {
    const flow = formatFlowId(move.id);
    if (!move.result.ok) {
      this.#refused++;
      const { code, detail } = move.result.refusal;
      this.#log.debug({ flow, backend: move.backend, code, detail }, 'refused');
      return;
    }
    if (move.kind === 'put') this.#offloaded++;
    else this.#onloaded++;
    const placement = move.kind === 'put' ? move.placement : 'onload';
    this.#log.debug({ flow, placement, atWallMs: Date.now() }, 'placed');
  }
}
