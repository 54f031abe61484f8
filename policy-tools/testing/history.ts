import type { FlowTable } from '../../engine/model/flow-table.ts';

/** How one flow was after one tick. */
export interface Moment {
  /** Indexes into PLACEMENT_NAMES and REQUESTED_PLACEMENT_NAMES. */
  readonly placement: number;
  readonly requested: number;
  /** 1 + index of the rule that spoke; 0 for none. */
  readonly rule: number;
  /** Index into REASONS. */
  readonly reason: number;
}

/** Not on the node in that tick. */
const ABSENT = 255;

/** How every flow of a test was after every tick. */
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

  /** Notes how the flow in `row` is after a tick. */
  note(flow: number, tick: number, table: FlowTable, row: number): void {
    const { placement, requested, rule, reason } = table.decision;
    const at = flow * this.ticks + tick;
    this.#placement[at] = placement[row];
    this.#requested[at] = requested[row];
    this.#rule[at] = rule[row];
    this.#reason[at] = reason[row];
  }

  /** Counts a change of the flow's placement in a tick. */
  moved(flow: number, tick: number): void {
    this.#moves[flow * this.ticks + tick]++;
  }

  /** How the flow was after a tick; undefined: it was not there. */
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
   * How often the flow changed its placement from tick `from` to tick `to`, both included. A flow
   * that appears comes from the vSwitch; one that goes from one backend to another changes twice.
   */
  moves(flow: number, from: number, to: number): number {
    const first = flow * this.ticks;
    return this.#moves.subarray(first + from, first + to + 1).reduce((sum, n) => sum + n, 0);
  }
}
