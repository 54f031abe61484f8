import { BackendController } from '../../../engine/loop/backend-controller.ts';
import { AUDIT_MS, SMOOTHING_MS } from '../../../engine/loop/defaults.ts';
import { DEFAULT_PLANNER } from '../../../simulation/settings.ts';
import type { FactReading } from '../../../engine/model/fact-reading.ts';
import { Placement, PLACEMENT_NAMES, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { Forecaster } from '../../../engine/forecast/forecaster.ts';
import { ChangeList } from '../../../engine/reconcile/change-list.ts';
import { updateRates } from '../../../telemetry/rates.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { TableBackend } from './table-backend.ts';

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
  readonly #changes = new ChangeList();
  readonly #backend: TableBackend;
  readonly #controller: BackendController;
  readonly #signal = new AbortController().signal;
  readonly #counterDelaysMs = PLACEMENT_NAMES.map(() => 0);
  #nowMs = 0;
  /** Row of each flow, or -1. */
  readonly #rowOf: Int32Array;
  /** Cumulative counters of the vSwitch, and the last packet on any path, by flow. */
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #lastMs: Float64Array;

  /** @param bitShare share of bits in the worth of flows, from the node's scarcity */
  constructor({ flows, entries, hardware }: PlacerContext, bitShare: number) {
    this.#bitShare = bitShare;
    this.#backend = new TableBackend(entries, hardware);
    this.#counterDelaysMs[Placement.offload] = hardware.counterDelayMs ?? 0;
    const clock = { now: () => this.#nowMs };
    this.#controller = new BackendController(
      this.#backend,
      { planner: DEFAULT_PLANNER, clock, auditMs: AUDIT_MS },
      this.#changes,
    );
    // A reading without flows, so that flows of the first window have a rate at once.
    this.#table.begin(0);
    this.#table.end();
    updateRates(this.#table, SMOOTHING_MS);
    this.#rowOf = new Int32Array(flows).fill(-1);
    this.#packets = new Float64Array(flows);
    this.#bytes = new Float64Array(flows);
    this.#lastMs = new Float64Array(flows);
  }

  async decide(view: WindowView): Promise<void> {
    this.#nowMs = view.endMs;
    this.#backend.table = view.table;
    this.#read(view);
    updateRates(this.#table, SMOOTHING_MS, this.#counterDelaysMs);
    this.#forecaster.update(this.#table, this.#bitShare);
    requested(this.#table);
    // The daemon's tick lasts until the operations of its plan are carried out.
    if (view.table.isBusy) return;
    const plan = this.#controller.plan(this.#table, [], NO_PORTS);
    await this.#controller.applyPlan(this.#table, plan, NO_FACTS, this.#signal);
    this.#changes.takeChanges();
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

  #placed(flow: number): boolean {
    return this.#table.decision.placement[this.#rowOf[flow]] === Placement.offload;
  }

  #appear(flow: number): void {
    const row = this.#table.add({ w0: 0, w1: 0, w2: 0, w3: flow }, ANY, NOWHERE);
    this.#rowOf[flow] = row;
    this.#packets[flow] = 0;
    this.#bytes[flow] = 0;
  }
}

const ANY = { inPort: '', fields: [], opaque: [] };
const NOWHERE: readonly never[] = [];
const NO_PORTS: PortSnapshot = new Map();
const NO_FACTS: ReadonlyMap<number, readonly FactReading[]> = new Map();
