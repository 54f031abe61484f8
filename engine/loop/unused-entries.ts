import type { FlowTable } from '../model/flow-table.ts';
import type { Placement } from '../model/flow.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { Tick } from '../model/tick.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import { CarryCheck, type Unused } from '../reconcile/carry-check.ts';

/** An entry that was released because it carried nothing. */
export interface UnusedEntry extends Unused {
  /** Until when the flow is held down, ms of the clock. */
  readonly untilMs: number;
}

const NOTHING = new Int32Array(0);

/**
 * Finds the entries of one backend that carry nothing while their flow sends, in ticks that can
 * judge them: not while the backend's counters are not read or its lease may have expired, because
 * then every packet takes the vSwitch.
 */
export class UnusedEntries {
  readonly #backend: OffloadBackend;
  readonly #placement: Placement;
  readonly #check = new CarryCheck();
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  constructor(backend: OffloadBackend, placement: Placement) {
    this.#backend = backend;
    this.#placement = placement;
  }

  /** The rows whose entries to release; their flows are held down. Valid until the next call. */
  find({ table, ports, sources }: Tick, isVerified: boolean, nowMs: number): Int32Array {
    const capabilities = this.#backend.capabilities();
    const { leaseMs, verifyWithinMs = leaseMs, heartbeatMs, counterDelayMs = 0 } = capabilities;
    const periodMs = sources.reduce((max, source) => Math.max(max, source.periodMs), 0);
    const isLate = nowMs - this.#checkedAtMs > Math.max(verifyWithinMs, 2 * periodMs);
    this.#checkedAtMs = nowMs;
    const isCounted = sources.every((s) => s.name !== this.#backend.name || s.failures === 0);
    if (isLate || !isCounted || !isVerified) {
      this.#check.startOver(nowMs);
      return NOTHING;
    }
    const placement = this.#placement;
    const delays = { heartbeatMs, counterDelayMs };
    return this.#check.findUnused({ table, ports, placement, ...delays, nowMs });
  }

  /** Call it before each pass over the rows with {@link isHeldDown}. */
  follow(table: FlowTable, ports: PortSnapshot): void {
    this.#check.holdDown.follow(table, ports);
  }

  /** Whether the row's flow gets no entry now, because its last one carried nothing. */
  isHeldDown(table: FlowTable, row: number, nowMs: number): boolean {
    return this.#check.holdDown.untilMs(table, row) > nowMs;
  }

  /** Why the row's last entry was released for carrying nothing; undefined if it was not. */
  lastOf(table: FlowTable, row: number): UnusedEntry | undefined {
    const verdict = this.#check.verdictOn(row);
    if (verdict === undefined) return undefined;
    return { ...verdict, untilMs: this.#check.holdDown.untilMs(table, row) };
  }
}
