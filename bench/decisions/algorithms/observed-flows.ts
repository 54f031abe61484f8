import { SMOOTHING_MS } from '../../../engine/loop/defaults.ts';
import { Placement, PLACEMENT_NAMES } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { Forecaster } from '../../../engine/forecast/forecaster.ts';
import { updateRates } from '../../../telemetry/rates.ts';
import type { PlacerContext, WindowView } from '../game/algorithm.ts';

/** The windows as the daemon sees them: its flow table, rates and forecasts. */
export class ObservedFlows {
  readonly table = new FlowTable();
  readonly #bitShare: number;
  readonly #forecaster = new Forecaster();
  readonly #counterDelaysMs = PLACEMENT_NAMES.map(() => 0);
  /** Row of each flow, or -1. */
  readonly #rowOf: Int32Array;
  /** Cumulative counters of the vSwitch, and the last packet on any path, by flow. */
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #lastMs: Float64Array;

  /** @param bitShare share of bits in the worth of flows, from the node's scarcity */
  constructor({ flows, hardware }: PlacerContext, bitShare: number) {
    this.#bitShare = bitShare;
    this.#counterDelaysMs[Placement.offload] = hardware.counterDelayMs ?? 0;
    // A reading without flows, so that flows of the first window have a rate at once.
    this.table.begin(0);
    this.table.end();
    updateRates(this.table, SMOOTHING_MS);
    this.#rowOf = new Int32Array(flows).fill(-1);
    this.#packets = new Float64Array(flows);
    this.#bytes = new Float64Array(flows);
    this.#lastMs = new Float64Array(flows);
  }

  /** Row of a flow that the vSwitch has. */
  rowOf(flow: number): number {
    return this.#rowOf[flow];
  }

  /** Reads the vSwitch and the NIC table as the observer does, and forecasts. */
  update(view: WindowView): void {
    this.#read(view);
    updateRates(this.table, SMOOTHING_MS, this.#counterDelaysMs);
    this.#forecaster.update(this.table, this.#bitShare);
  }

  #read(view: WindowView): void {
    const { table } = this;
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
    return this.table.decision.placement[this.#rowOf[flow]] === Placement.offload;
  }

  #appear(flow: number): void {
    const row = this.table.add({ w0: 0, w1: 0, w2: 0, w3: flow }, ANY, NOWHERE);
    this.#rowOf[flow] = row;
    this.#packets[flow] = 0;
    this.#bytes[flow] = 0;
  }
}

const ANY = { inPort: '', fields: [], opaque: [] };
const NOWHERE: readonly never[] = [];
