import { setImmediate } from 'node:timers/promises';
import { Engine } from '../../engine/engine.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortLoad, Tick } from '../../engine/model/tick.ts';
import type { RuleEvaluator } from '../../engine/rules/evaluator.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { History } from './history.ts';
import { MemoryBackend } from './memory-backend.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioFlow } from './scenario-flows.ts';

/** As in the daemon (daemon/loop.ts). */
const SMOOTHING_MS = 1000;
const AUDIT_MS = 30_000;
/** One packet of an entry's flow passes to the vSwitch so often. */
const HEARTBEAT_MS = 1000;
/** Start of the simulated clock, ms: any time but zero. */
const START_MS = 1_000_000;

/** A clock that the simulation moves. */
export class SimulatedClock {
  nowMs = START_MS;

  now(): number {
    return this.nowMs;
  }
}

/**
 * Runs a scenario through the engine as the daemon would: rates, rules, planner and reconciler are
 * the real ones; the flows and the table they are offloaded to are in memory, and time is
 * simulated.
 */
export class Simulation {
  readonly #scenario: Scenario;
  readonly #clock: SimulatedClock;
  readonly #engine: Engine;
  readonly #backends: readonly MemoryBackend[];
  readonly #table = new FlowTable();
  readonly #flows: readonly FlowState[];
  readonly #ports: Tick['ports'];

  /** @param evaluator on the same clock */
  constructor(scenario: Scenario, evaluator: RuleEvaluator, clock: SimulatedClock) {
    const { entries, fastPathEntries, planner } = scenario;
    this.#scenario = scenario;
    this.#clock = clock;
    this.#backends = [
      new MemoryBackend({ placement: 'offload', entries }),
      ...(fastPathEntries === 0
        ? []
        : [new MemoryBackend({ placement: 'fast-path', entries: fastPathEntries })]),
    ];
    this.#engine = new Engine({
      evaluator,
      planner,
      backends: this.#backends,
      clock,
      auditMs: AUDIT_MS,
    });
    this.#flows = scenario.flows.map((flow) => new FlowState(flow, scenario.tickMs));
    this.#ports = new Map(scenario.ports.map(({ info }) => [info.name, info]));
  }

  /** Runs to the end. Gives timers and I/O a turn after every tick; rejects when `signal` aborts. */
  async run(signal: AbortSignal): Promise<History> {
    const { flows, ticks, tickMs } = this.#scenario;
    const history = new History(flows.length, ticks);
    // A reading without flows: those of the first tick then have a rate at once.
    this.#clock.nowMs -= tickMs;
    this.#table.begin(this.#clock.nowMs);
    this.#table.end();
    updateRates(this.#table, SMOOTHING_MS);
    for (let tick = 0; tick < ticks; tick++) {
      signal.throwIfAborted();
      this.#clock.nowMs += tickMs;
      await this.#read(tick);
      updateRates(this.#table, SMOOTHING_MS);
      await this.#engine.onTick(this.#tick(tick), signal);
      this.#flows.forEach(({ flow }, i) => {
        const row = this.#table.rowOf(flow.spec.id);
        if (row >= 0) history.note(i, tick, this.#table, row);
      });
      await setImmediate();
    }
    return history;
  }

  /** One reading of the vSwitch and of what the tables carried. */
  async #read(tick: number): Promise<void> {
    const table = this.#table;
    const nowMs = this.#clock.nowMs;
    table.begin(nowMs);
    for (const state of this.#flows) {
      const backend = this.#backends.find((b) => b.has(state.flow.spec.id));
      state.observe(tick, nowMs, table, backend);
    }
    for (const backend of this.#backends) {
      await backend.counters({
        carried: (w0, w1, w2, w3, packets, bytes) =>
          table.carried(table.find(w0, w1, w2, w3), packets, bytes, nowMs),
      });
    }
    table.end();
  }

  #tick(tick: number): Tick {
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
      table: this.#table,
      node: { hostCpu: hostCpu?.at(tick), portLoad },
      ports: this.#ports,
      sources: [],
      flowsFresh: true,
      fresh: true,
    };
  }
}

/** What one flow has sent. */
class FlowState {
  readonly flow: ScenarioFlow;
  readonly #seconds: number;
  /** Sent since it appeared, with the parts of packets and bytes that are not complete yet. */
  #packets = 0;
  #bytes = 0;
  /** Of those, whole ones that were told already. */
  #toldPackets = 0;
  #toldBytes = 0;
  /** Through the vSwitch. */
  #vswitchPackets = 0;
  #vswitchBytes = 0;
  #vswitchAtMs = Number.NEGATIVE_INFINITY;

  constructor(flow: ScenarioFlow, tickMs: number) {
    this.flow = flow;
    this.#seconds = tickMs / 1000;
  }

  /** Sends what the tick has and tells the table what the vSwitch would. */
  observe(tick: number, nowMs: number, table: FlowTable, backend: MemoryBackend | undefined): void {
    const { spec, bits, packets } = this.flow;
    const [bitRate, packetRate] = [bits.at(tick), packets.at(tick)];
    if (bitRate === undefined || packetRate === undefined) {
      this.#restart();
      return;
    }
    this.#packets += Math.max(0, packetRate) * this.#seconds;
    this.#bytes += (Math.max(0, bitRate) * this.#seconds) / 8;
    const newPackets = whole(this.#packets) - this.#toldPackets;
    const newBytes = newPackets === 0 ? 0 : whole(this.#bytes) - this.#toldBytes;
    this.#toldPackets += newPackets;
    this.#toldBytes += newBytes;

    const byVswitch = this.#throughVswitch(newPackets, nowMs, backend);
    const vswitchBytes = newPackets === 0 ? 0 : Math.round((newBytes * byVswitch) / newPackets);
    this.#vswitchPackets += byVswitch;
    this.#vswitchBytes += vswitchBytes;
    if (byVswitch > 0) this.#vswitchAtMs = nowMs;
    if (newPackets > byVswitch) {
      backend?.carry(spec.id, newPackets - byVswitch, newBytes - vswitchBytes);
    }
    const found = table.rowOf(spec.id);
    const row = found >= 0 ? found : table.add(spec.id, spec.match, spec.actions);
    const idleMs = this.#vswitchAtMs < 0 ? -1 : nowMs - this.#vswitchAtMs;
    table.observe(row, this.#vswitchPackets, this.#vswitchBytes, idleMs);
  }

  #throughVswitch(packets: number, nowMs: number, backend: MemoryBackend | undefined): number {
    if (backend === undefined) return packets;
    return packets > 0 && nowMs - this.#vswitchAtMs >= HEARTBEAT_MS ? 1 : 0;
  }

  #restart(): void {
    this.#packets = 0;
    this.#bytes = 0;
    this.#toldPackets = 0;
    this.#toldBytes = 0;
    this.#vswitchPackets = 0;
    this.#vswitchBytes = 0;
    this.#vswitchAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** Whole units in a sum that floating point may have left a hair below one. */
function whole(sum: number): number {
  return Math.floor(sum + 1e-6);
}
