import { setImmediate } from 'node:timers/promises';
import { Engine } from '../../engine/loop/engine.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortLoad, Tick } from '../../engine/model/tick.ts';
import type { RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import { MemoryBackend } from '../../simulation/memory-backend.ts';
import { AUDIT_MS } from '../../engine/loop/defaults.ts';
import { decideTick, type SimulatedTick } from '../../simulation/decide-tick.ts';
import type { SimulatedClock } from '../../simulation/simulated-clock.ts';
import { SimulatedNode } from '../../simulation/simulated-node.ts';
import { History } from './history.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioFlow } from './scenario-flows.ts';

/**
 * Runs a scenario through the daemon's engine. Rates, rules, planner and reconciler are the real
 * ones; flows and tables are in memory, and time is simulated.
 */
export class Simulation {
  readonly #scenario: Scenario;
  readonly #clock: SimulatedClock;
  readonly #engine: Engine;
  readonly #node: SimulatedNode;
  readonly #flows: readonly FlowSender[];
  /** Index of each flow by its ufid. */
  readonly #flowOf: ReadonlyMap<string, number>;
  readonly #ports: Tick['ports'];

  /** @param evaluator uses the same clock */
  constructor(scenario: Scenario, evaluator: RuleEvaluator, clock: SimulatedClock) {
    const { entries, fastPathEntries, planner } = scenario;
    this.#scenario = scenario;
    this.#clock = clock;
    const backends = [
      new MemoryBackend({ placement: 'offload', entries, clock }),
      ...(fastPathEntries === 0
        ? []
        : [new MemoryBackend({ placement: 'fast-path', entries: fastPathEntries, clock })]),
    ];
    this.#node = new SimulatedNode(backends);
    this.#engine = new Engine({
      evaluator,
      planner,
      backends,
      clock,
      auditMs: AUDIT_MS,
    });
    this.#flows = scenario.flows.map((flow) => new FlowSender(flow, scenario.tickMs));
    this.#flowOf = new Map(scenario.flows.map(({ spec }, i) => [formatFlowId(spec.id), i]));
    this.#ports = new Map(scenario.ports.map(({ info }) => [info.name, info]));
  }

  /** Runs to the end and yields to timers and I/O after each tick. Rejects if `signal` aborts. */
  async run(signal: AbortSignal): Promise<History> {
    const { flows, ticks, tickMs } = this.#scenario;
    const history = new History(flows.length, ticks);
    const { table } = this.#node;
    // A reading without flows comes first, so that flows of the first tick have rates at once.
    this.#clock.nowMs -= tickMs;
    await this.#node.read(this.#clock.nowMs);
    for (let tick = 0; tick < ticks; tick++) {
      signal.throwIfAborted();
      this.#clock.nowMs += tickMs;
      for (const [slot, flow] of this.#flows.entries()) {
        flow.send(tick, this.#clock.nowMs, slot, this.#node);
      }
      await this.#node.read(this.#clock.nowMs);
      const report = await decideTick(this.#engine, this.#tick(tick), signal);
      for (const { id, to } of report.changes) {
        const flow = this.#flowOf.get(formatFlowId(id));
        if (flow !== undefined && to !== 'gone') history.countMove(flow, tick);
      }
      this.#flows.forEach(({ flow }, i) => {
        const row = table.rowOf(flow.spec.id);
        if (row >= 0) history.record(i, tick, table, row);
      });
      await setImmediate();
    }
    return history;
  }

  #tick(tick: number): SimulatedTick {
    const { hostCpu, ports, startMs, tickMs } = this.#scenario;
    const portLoad = new Map<string, PortLoad>();
    for (const { info, rx, tx } of ports) {
      if (rx === undefined && tx === undefined) continue;
      const rxBitsPerSecond = rx?.at(tick) ?? 0;
      portLoad.set(info.name, { rxBitsPerSecond, txBitsPerSecond: tx?.at(tick) ?? 0 });
    }
    return {
      sequence: tick + 1,
      atMs: this.#clock.nowMs,
      wallMs: startMs + tick * tickMs,
      table: this.#node.table,
      node: { hostCpu: hostCpu?.at(tick), portLoad },
      ports: this.#ports,
    };
  }
}

/** Sends the traffic of one flow. */
class FlowSender {
  readonly flow: ScenarioFlow;
  readonly #seconds: number;
  /** Traffic since the flow appeared, with fractions of packets and bytes. */
  #packets = 0;
  #bytes = 0;
  /** Whole packets and bytes sent so far. */
  #sentPackets = 0;
  #sentBytes = 0;

  constructor(flow: ScenarioFlow, tickMs: number) {
    this.flow = flow;
    this.#seconds = tickMs / 1000;
  }

  send(tick: number, nowMs: number, slot: number, node: SimulatedNode): void {
    const { spec, bits, packets } = this.flow;
    const [bitRate, packetRate] = [bits.at(tick), packets.at(tick)];
    if (bitRate === undefined || packetRate === undefined) {
      node.remove(slot);
      return;
    }
    if (!node.has(slot)) {
      node.add(slot, spec);
      this.#reset();
    }
    this.#packets += Math.max(0, packetRate) * this.#seconds;
    this.#bytes += (Math.max(0, bitRate) * this.#seconds) / 8;
    const newPackets = wholeUnits(this.#packets) - this.#sentPackets;
    const newBytes = newPackets === 0 ? 0 : wholeUnits(this.#bytes) - this.#sentBytes;
    this.#sentPackets += newPackets;
    this.#sentBytes += newBytes;
    node.send(slot, newPackets, newBytes, nowMs);
  }

  #reset(): void {
    this.#packets = 0;
    this.#bytes = 0;
    this.#sentPackets = 0;
    this.#sentBytes = 0;
  }
}

/** Rounds down, with a tolerance for floating-point errors just below a whole number. */
function wholeUnits(sum: number): number {
  return Math.floor(sum + 1e-6);
}
