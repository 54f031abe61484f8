import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { MemoryBackend } from '../../simulation/memory-backend.ts';
import { AUDIT_MS } from '../../engine/loop/defaults.ts';
import { decideTick } from '../../simulation/decide-tick.ts';
import { SimulatedClock } from '../../simulation/simulated-clock.ts';
import { SimulatedNode } from '../../simulation/simulated-node.ts';
import { Engine } from '../../engine/loop/engine.ts';
import { resizedU32 } from '../../engine/model/columns.ts';
import { reasonIndex } from '../../engine/model/reason.ts';
import type { PlannerOptions } from '../../engine/planner/plan.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { FeedTick } from '../input/feed.ts';
import { PolicyMeasures } from '../measures/policy-measures.ts';
import type { Traffic } from '../input/traffic.ts';

/** The simulated node. */
export interface NodeOptions {
  /** Entries of the NIC table and of the fast path; 0 means no backend. */
  readonly entries: number;
  readonly fastPathEntries: number;
  readonly planner: PlannerOptions;
  /** Length of a tick, ms; recordings have their own. */
  readonly periodMs: number;
  /** Host CPU time per packet on the vSwitch, ns; undefined: from the trace. */
  readonly packetCostNs: number | undefined;
}

/**
 * Default host CPU time per packet on the vSwitch, ns: the emulated node's
 * (adapters/emulator/options.ts).
 */
export const ASSUMED_PACKET_COST_NS = 2500;
const UNSEEN = reasonIndex('unseen');

/** Runs the daemon's engine with one set of policies on the traffic of a trace. */
export class PolicyRun {
  readonly name: string;
  readonly measures: PolicyMeasures;
  readonly #packetCostNs: number | undefined;
  readonly #clock = new SimulatedClock();
  readonly #backends: readonly MemoryBackend[];
  readonly #node: SimulatedNode;
  readonly #engine: Engine;
  /** Clock minus trace time, ms. */
  #offsetMs = 0;
  #startMs = 0;
  #lastMs = 0;
  #sequence = 0;
  /** By index in `traffic.sent`: what went through the vSwitch. */
  #vswitchPackets = new Float64Array(0);
  #vswitchBytes = new Float64Array(0);
  /** By slot: index of the flow's slice in the sums, as of the last evaluation. */
  #slice = new Uint32Array(0);

  constructor(name: string, policies: PolicySet, options: NodeOptions) {
    const { entries, fastPathEntries, planner, periodMs } = options;
    this.name = name;
    this.#packetCostNs = options.packetCostNs;
    this.measures = new PolicyMeasures(periodMs);
    const common = {
      clock: this.#clock,
      ended: (ms: number) => this.measures.dwell.add(ms),
    };
    this.#backends = [
      new MemoryBackend({ placement: 'offload', entries, ...common }),
      ...(fastPathEntries === 0
        ? []
        : [new MemoryBackend({ placement: 'fast-path', entries: fastPathEntries, ...common })]),
    ];
    this.#node = new SimulatedNode(this.#backends);
    this.#engine = new Engine({
      evaluator: createEvaluator(policies, this.#clock),
      planner,
      backends: this.#backends,
      clock: this.#clock,
      auditMs: AUDIT_MS,
    });
  }

  /** Reads the node without flows, so that flows of the first tick have rates at once. */
  async start(startMs: number): Promise<void> {
    this.#offsetMs = this.#clock.nowMs - startMs;
    this.#startMs = startMs;
    this.#lastMs = startMs;
    await this.#node.read(this.#clock.nowMs);
  }

  /** Plays a tick: sends `traffic` through the node, then lets the engine decide. */
  async tick(tick: FeedTick, traffic: Traffic, signal: AbortSignal): Promise<void> {
    const { measures } = this;
    const ms = tick.atMs - this.#lastMs;
    measures.startTick(this.#lastMs - this.#startMs, tick.atMs - this.#startMs);
    this.#lastMs = tick.atMs;
    this.#clock.nowMs = tick.atMs + this.#offsetMs;
    this.#send(traffic);
    await this.#node.read(this.#clock.nowMs);
    const { table } = this.#node;
    const report = await decideTick(
      this.#engine,
      {
        sequence: ++this.#sequence,
        atMs: this.#clock.nowMs,
        wallMs: tick.wallMs,
        table,
        node: tick.node,
        ports: tick.ports,
      },
      signal,
    );
    measures.slices.mapSlices(report.slices);
    this.#addToSlices(traffic);
    measures.addOperations(report.operations, ms);
    const cost = this.#packetCostNs ?? tick.node.packetCost ?? ASSUMED_PACKET_COST_NS;
    measures.endTick(table, this.#used(), ms, cost);
  }

  /** Ages of the entries that are installed now, ms. */
  entryAgesMs(): readonly number[] {
    return this.#backends.flatMap((b) => b.ages(this.#clock.nowMs));
  }

  #used(): number {
    return this.#backends.reduce((sum, backend) => sum + backend.capacity().used, 0);
  }

  #send(traffic: Traffic): void {
    const node = this.#node;
    const { reason } = node.table.decision;
    for (const slot of traffic.added) {
      node.add(slot, traffic.flowAt(slot));
      if (slot >= this.#slice.length) this.#slice = resizedU32(this.#slice, (slot + 1) * 2);
      this.#slice[slot] = 0;
    }
    for (const slot of traffic.changed) node.change(slot, traffic.flowAt(slot));
    if (this.#vswitchPackets.length < traffic.sentCount) {
      this.#vswitchPackets = new Float64Array(traffic.sentCount * 2);
      this.#vswitchBytes = new Float64Array(traffic.sentCount * 2);
    }
    for (let i = 0; i < traffic.sentCount; i++) {
      const slot = traffic.sent[i];
      const row = node.rowOf(slot);
      const packets = traffic.packets[slot];
      const bytes = traffic.bytes[slot];
      const { nowMs } = this.#clock;
      const lastAtMs = Math.min(nowMs, traffic.lastAtMs(slot) + this.#offsetMs);
      node.send(slot, packets, bytes, nowMs, lastAtMs);
      this.#vswitchPackets[i] = node.sentPackets;
      this.#vswitchBytes[i] = node.sentBytes;
      const reasonOfFlow = row < 0 ? UNSEEN : reason[row];
      this.measures.addTraffic(reasonOfFlow, packets, bytes, node.sentPackets, node.sentBytes);
    }
    for (const slot of traffic.removed) node.remove(slot);
  }

  /** Must follow the evaluation of the rules, which sets the slices. */
  #addToSlices(traffic: Traffic): void {
    const { slices } = this.measures;
    const { slice } = this.#node.table.decision;
    for (let i = 0; i < traffic.sentCount; i++) {
      const slot = traffic.sent[i];
      const row = this.#node.has(slot) ? this.#node.rowOf(slot) : -1;
      if (row >= 0) this.#slice[slot] = slices.indexOf(slice[row]);
      const sums = slices.all[this.#slice[slot]];
      sums.bytes += traffic.bytes[slot];
      sums.packets += traffic.packets[slot];
      sums.carriedBytes += traffic.bytes[slot] - this.#vswitchBytes[i];
      sums.carriedPackets += traffic.packets[slot] - this.#vswitchPackets[i];
    }
  }
}
