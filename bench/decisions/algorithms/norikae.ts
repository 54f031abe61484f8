import { SMOOTHING_MS } from '../../../engine/loop/defaults.ts';
import { DEFAULT_PLANNER } from '../../../simulation/settings.ts';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import { Forecaster } from '../../../engine/forecast/forecaster.ts';
import type { TableBudget } from '../../../engine/planner/plan.ts';
import { Planner } from '../../../engine/planner/planner.ts';
import { updateRates } from '../../../telemetry/rates.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import type { EntryTable } from '../game/entry-table.ts';

/**
 * Norikae's own planner: the daemon's flow table, rates, forecast and planner, with the daemon's
 * default settings, applied to the windows. As on a node with scarce bandwidth, where it maximises
 * bytes.
 */
export const NORIKAE: Algorithm = {
  name: 'norikae',
  create: (context) => new Norikae(context, 1),
};

/** The same as on a node with scarce CPU, where it maximises packets. */
export const NORIKAE_PACKETS: Algorithm = {
  name: 'norikae-packets',
  create: (context) => new Norikae(context, 0),
};

/**
 * Writes what the shipped default policy writes for a flow to offload; the only effect of a policy
 * in the bench.
 */
function requested(table: FlowTable): void {
  const d = table.decision;
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    d.requested[row] = RequestedPlacement.offload;
    d.score[row] = table.forecast.worth[row];
    d.scoredByWorth[row] = 1;
  }
}

class Norikae implements Placer {
  readonly #bitShare: number;
  readonly #table = new FlowTable();
  readonly #forecaster = new Forecaster();
  readonly #planner = new Planner(DEFAULT_PLANNER);
  readonly #tableBudget: TableBudget;
  /** Row of each flow, or -1; flow of each row. */
  readonly #rowOf: Int32Array;
  readonly #beside = new SideTable('flow');
  readonly #flowOf = this.#beside.int32();
  /** Cumulative counters of the vSwitch, and the last packet on any path, by flow. */
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #lastMs: Float64Array;

  /** @param bitShare share of bits in the worth of flows, from the node's scarcity */
  constructor({ flows, entries }: PlacerContext, bitShare: number) {
    this.#bitShare = bitShare;
    this.#tableBudget = {
      placement: Placement.offload,
      entries,
      slices: [],
      ports: new Map(),
      limits: [],
      supports: () => true,
    };
    // A reading without flows, so that flows of the first window have a rate at once.
    this.#table.begin(0);
    this.#table.end();
    updateRates(this.#table, SMOOTHING_MS);
    this.#rowOf = new Int32Array(flows).fill(-1);
    this.#packets = new Float64Array(flows);
    this.#bytes = new Float64Array(flows);
    this.#lastMs = new Float64Array(flows);
    this.#beside.follow(this.#table);
  }

  decide(view: WindowView): void {
    this.#read(view);
    updateRates(this.#table, SMOOTHING_MS);
    this.#forecaster.update(this.#table, this.#bitShare);
    requested(this.#table);
    this.#applyPlan(view);
  }

  /** Reads the vSwitch and the NIC table as the observer does. */
  #read(view: WindowView): void {
    const table = this.#table;
    const { senders, endMs, windowMs } = view;
    table.begin(endMs);
    for (const flow of view.born) this.#appear(flow);
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      this.#lastMs[flow] = endMs - windowMs + view.lastMs[i];
      if (this.#placed(flow)) continue;
      this.#packets[flow] += view.packets[i];
      this.#bytes[flow] += view.bytes[i];
    }
    const { known } = view.table;
    for (let i = 0; i < known.size; i++) {
      const flow = known.at(i);
      const idleMs = endMs - this.#lastMs[flow];
      table.observe(this.#rowOf[flow], this.#packets[flow], this.#bytes[flow], idleMs);
    }
    table.end();
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      if (!this.#placed(flow)) continue;
      table.carried(
        this.#rowOf[flow],
        view.packets[i],
        view.bytes[i],
        endMs - windowMs + view.lastMs[i],
      );
    }
  }

  /** Plans, and executes the plan at once; the table refuses nothing. */
  #applyPlan(view: WindowView): void {
    const plan = this.#planner.plan(this.#table, this.#tableBudget, view.endMs);
    for (const row of plan.withdraw) {
      this.#move(row, Placement.onload, view.endMs);
      view.table.evict(this.#flowOf.values[row]);
    }
    for (const row of plan.install) {
      this.#move(row, Placement.offload, view.endMs);
      place(view.table, this.#flowOf.values[row]);
    }
  }

  #move(row: number, placement: Placement, nowMs: number): void {
    this.#table.decision.placement[row] = placement;
    this.#table.decision.placedSinceMs[row] = nowMs;
  }

  #placed(flow: number): boolean {
    return this.#table.decision.placement[this.#rowOf[flow]] === Placement.offload;
  }

  #appear(flow: number): void {
    const row = this.#table.add({ w0: 0, w1: 0, w2: 0, w3: flow }, ANY, NOWHERE);
    this.#flowOf.values[row] = flow;
    this.#rowOf[flow] = row;
    this.#packets[flow] = 0;
    this.#bytes[flow] = 0;
  }
}

function place(table: EntryTable, flow: number): void {
  if (!table.place(flow)) throw new Error('the planner installed more flows than the table holds');
}

const ANY = { inPort: '', fields: [], opaque: [] };
const NOWHERE: readonly never[] = [];
