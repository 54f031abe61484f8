import type { FlowTable } from '../../engine/model/flow-table.ts';

/** State of a flow after a tick. */
export interface Moment {
  /** Indexes into PLACEMENT_NAMES and REQUESTED_PLACEMENT_NAMES. */
  readonly placement: number;
  readonly requested: number;
  /** 1 + index of the deciding rule; 0 for none. */
  readonly rule: number;
  /** Index into REASONS. */
  readonly reason: number;
}

/** Placement of a flow that is not on the node. */
const ABSENT = 255;

/** States of all flows of a test after each tick. */
export class History {
  readonly ticks: number;
  readonly #placement: Uint8Array;
  readonly #requested: Uint8Array;
  readonly #rule: Uint16Array;
  readonly #reason: Uint8Array;
  readonly #moves: Uint16Array;

  constructor(flows: number, ticks: number) {
    this.ticks = ticks;
    this.#placement = new Uint8Array(flows * ticks).fill(ABSENT);
    this.#requested = new Uint8Array(flows * ticks);
    this.#rule = new Uint16Array(flows * ticks);
    this.#reason = new Uint8Array(flows * ticks);
    this.#moves = new Uint16Array(flows * ticks);
  }

  /** Records the state of the flow in `row` after a tick. */
  record(flow: number, tick: number, table: FlowTable, row: number): void {
    const { placement, requested, rule, reason } = table.decision;
    const at = flow * this.ticks + tick;
    this.#placement[at] = placement[row];
    this.#requested[at] = requested[row];
    this.#rule[at] = rule[row];
    this.#reason[at] = reason[row];
  }

  /** Counts a change of the flow's placement in a tick. */
  countMove(flow: number, tick: number): void {
    this.#moves[flow * this.ticks + tick]++;
  }

  /** State of the flow after a tick; undefined if it was not on the node. */
  moment(flow: number, tick: number): Moment | undefined {
    const at = flow * this.ticks + tick;
    const placement = this.#placement[at];
    if (placement === ABSENT) return undefined;
    return {
      placement,
      requested: this.#requested[at],
      rule: this.#rule[at],
      reason: this.#reason[at],
    };
  }

  /**
   * Number of changes of the flow's placement from tick `from` to tick `to`, inclusive. A flow
   * starts on the vSwitch; a move from one backend to another is two changes.
   */
  moves(flow: number, from: number, to: number): number {
    const first = flow * this.ticks;
    return this.#moves.subarray(first + from, first + to + 1).reduce((sum, n) => sum + n, 0);
  }
}
