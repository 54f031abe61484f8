import type { BackendOperation, TickReport } from '../engine/loop/tick-report.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import { Placement } from '../engine/model/flow.ts';
import type { PlacementChange } from '../engine/model/placement-change.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Log } from '../platform/log.ts';

const SUMMARY_EVERY_MS = 1000;

/**
 * Logs changes of placement and refusals: each one at level debug, and a summary at level info at
 * most once per second, which bounds the log of a busy node.
 */
export class MoveLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #summaryDueMs = Number.NEGATIVE_INFINITY;
  #offloaded = 0;
  #onloaded = 0;
  #gone = 0;
  #refused = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  observe(report: TickReport): void {
    for (const change of report.changes) this.#count(change);
    for (const operation of report.operations) this.#countRefusal(operation);
    const nowMs = this.#clock.now();
    const sum = this.#offloaded + this.#onloaded + this.#gone + this.#refused;
    if (sum === 0 || nowMs < this.#summaryDueMs) return;
    this.#summaryDueMs = nowMs + SUMMARY_EVERY_MS;
    this.#log.info(
      {
        offloaded: this.#offloaded,
        onloaded: this.#onloaded,
        gone: this.#gone,
        refused: this.#refused,
        flows: report.tick.table.count,
        onVswitch: report.flows[Placement.onload],
        onBackend: report.flows[Placement.offload] + report.flows[Placement.fastPath],
      },
      'moved flows',
    );
    this.#offloaded = 0;
    this.#onloaded = 0;
    this.#gone = 0;
    this.#refused = 0;
  }

  #count({ id, from, to, cause }: PlacementChange): void {
    if (to === 'gone') this.#gone++;
    else if (to === 'onload') this.#onloaded++;
    else this.#offloaded++;
    const flow = formatFlowId(id);
    this.#log.debug({ flow, from, placement: to, cause, atWallMs: Date.now() }, 'placed');
  }

  #countRefusal({ id, backend, result }: BackendOperation): void {
    if (result.ok) return;
    this.#refused++;
    const { code, detail } = result.refusal;
    this.#log.debug({ flow: formatFlowId(id), backend, code, detail }, 'refused');
  }
}
