import { DumpParser } from '../adapters/ovs/dump/parser.ts';
import { Placement } from '../engine/model/flow.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import type { PortInfo } from '../engine/model/port.ts';
import type { RuleContext, RuleEvaluator } from '../engine/ports/rule-evaluator.ts';
import { FlowView } from '../policy/model/fact.ts';
import type { PolicySet } from '../policy/model/policy-set.ts';
import { PolicyMemory } from '../policy/state/policy-memory.ts';
import { escapedDump } from './support/dump-generator.ts';

const SEED = 20_261;
const PERIOD_MS = 250;
const SLICES = ['gold', 'silver', 'bronze'];

/**
 * A flow table of a node with 64 VMs, with rates of a few elephants and many mice, and the fastest
 * twelfth on the NIC. Rates change with each tick.
 */
export class RulesScene {
  readonly table = new FlowTable();
  #context: RuleContext;
  #tick = 0;

  constructor(flows: number) {
    const parser = new DumpParser();
    this.table.begin(0);
    parser.beginDump(this.table, escapedDump({ flows, seed: SEED, look: 0 }));
    while (!parser.readLines(8192));
    parser.finishDump();
    this.table.end();
    this.#context = {
      nowMs: 0,
      node: {
        hostCpu: 0.7,
        portLoad: new Map(ports.map(({ name }) => [name, loadOf(name)])),
      },
      ports: new Map(ports.map((port) => [port.name, port])),
      tableFill: 0.8,
    };
  }

  /** Advances time, rates and counters by one tick. */
  advance(): void {
    const { traffic, rates, decision, rows, count } = this.table;
    const nowMs = ++this.#tick * PERIOD_MS;
    this.#context = { ...this.#context, nowMs };
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      const usual = 10 / (((row * 2654435761) % 4096) / 4096 + 0.0004);
      const now = usual * (0.5 + ((row + this.#tick * 7919) % 1000) / 1000);
      rates.packetsPerSecond[row] = usual;
      rates.lastPacketsPerSecond[row] = now;
      rates.bitsPerSecond[row] = usual * 8000;
      rates.lastBitsPerSecond[row] = now * 8000;
      traffic.vswitchPackets[row] += now * (PERIOD_MS / 1000);
      traffic.vswitchBytes[row] += now * PERIOD_MS;
      traffic.lastActiveMs[row] = nowMs - (row % 8000);
      decision.placement[row] = usual > 120 ? Placement.offload : Placement.onload;
    }
  }

  /** The values of the facts `names` for each flow; `portLoad` is that of the uplink. */
  async factsOf(policies: PolicySet, names: readonly string[]): Promise<Record<string, unknown>[]> {
    using memory = new PolicyMemory(policies);
    await memory.update(this.table, this.#context);
    const view = new FlowView(this.table, this.#context, memory);
    return Array.from(this.table.rows.subarray(0, this.table.count), (row) => {
      view.row = row;
      const params = { port: 'uplink0' };
      return Object.fromEntries(
        names.map((name) => [name, memory.factNamed(name)?.read(view, params)]),
      );
    });
  }

  /** Evaluates the tick; resolves to the duration, ms. */
  async evaluate(evaluator: RuleEvaluator, signal: AbortSignal): Promise<number> {
    const start = performance.now();
    await evaluator.evaluate(this.table, this.#context, signal);
    return performance.now() - start;
  }
}

const ports: readonly PortInfo[] = [
  portOf('uplink0', { kind: 'uplink' }),
  ...Array.from({ length: 64 }, (_, i) =>
    portOf(`vnet${i}`, { kind: 'vm', vm: `vm-${i}`, slice: SLICES[i % SLICES.length] }),
  ),
];

function portOf(name: string, more: Partial<PortInfo>): PortInfo {
  return {
    name,
    uuid: `uuid-${name}`,
    ifindex: 1,
    bridge: 'br0',
    kind: 'other',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: 10e9,
    shaped: false,
    policed: false,
    ...more,
  };
}

function loadOf(name: string) {
  const uplink = name === 'uplink0';
  return { rxBitsPerSecond: uplink ? 6e9 : 1e8, txBitsPerSecond: uplink ? 5e9 : 1e8 };
}
