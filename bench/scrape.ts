import { Counter, Gauge, Registry } from 'prom-client';
import type { TickReport } from '../engine/engine.ts';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { PortInfo } from '../engine/model/port.ts';
import { Accountant } from '../telemetry/accounts/accountant.ts';
import type { PathUses, TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { Metrics } from '../telemetry/prometheus/metrics.ts';
import { updateRates } from '../telemetry/rates.ts';
import { type BenchOptions, type BenchReport, compare } from './report.ts';

const SLICES = 100;
const PORTS = 64;
const RULES = 20;
const PERIOD_MS = 250;
/** What a scrape may take of the event loop, ms. */
const BOUND_MS = 5;

/**
 * What one scrape takes of the event loop, beside prom-client told the same numbers in the usual way:
 * a counter or gauge set for each series as it is scraped, then written by the registry. And beside
 * one gauge with a label for each flow, as exporters do that do not sum up.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const flows = quick ? 10_000 : 100_000;
  const rounds = quick ? 10 : 40;
  const scene = new Scene(flows);
  for (let tick = 0; tick < 5; tick++) scene.tick();
  const metrics = new Metrics({
    version: 'bench',
    backends: [],
    accounts: scene.accounts,
    clock: { now: () => performance.now() },
  });
  const usual = usualRegistry(scene.accounts);
  const perFlow = perFlowRegistry(scene.table);
  const ours = await median(rounds, signal, scene, () => metrics.expose());
  const peer = await median(rounds, signal, scene, () => usual.metrics());
  const naive = await median(Math.min(rounds, 5), signal, scene, () => perFlow.metrics());
  const { text } = await metrics.expose();
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const verdict = ours.ms < BOUND_MS ? 'kept' : 'NOT KEPT';
  return {
    name: 'scrape',
    comparisons: [
      compare(
        'sums, set and written by prom-client',
        { ours: ours.ms, peer: peer.ms },
        'ms',
        'lower',
      ),
      compare('a label for each flow', { ours: ours.ms, peer: naive.ms }, 'ms', 'lower'),
    ],
    notes: [
      `${flows} flows, ${SLICES} slices, ${PORTS} ports: ${series} series, ${text.length} bytes`,
      `median of ${rounds} scrapes, worst ${ours.worst.toFixed(2)} ms; bound of ${BOUND_MS} ms: ${verdict}`,
      `summing a tick up takes ${scene.medianAccountMs().toFixed(2)} ms, once a tick`,
    ],
  };
}

/** A node whose counters grow. */
class Scene {
  readonly table = new FlowTable();
  readonly #accountant = new Accountant({ topFlows: 100 });
  readonly #flows: number;
  readonly #times: number[] = [];
  readonly #ports = new Map(Array.from({ length: PORTS }, (_, n) => [`vm${n}`, port(`vm${n}`)]));
  readonly #slices = Array.from({ length: SLICES }, (_, n) => ({
    name: `slice-${n}`,
    weight: 1,
    guaranteed: undefined,
    maximum: undefined,
  }));
  readonly #rules = Array.from({ length: RULES }, (_, n) => ({
    name: `policy/rule-${n}`,
    wish: 1 as const,
    priority: n,
  }));
  #sequence = 0;

  constructor(flows: number) {
    this.#flows = flows;
    this.table.reserve(flows);
  }

  get accounts(): TickAccounts {
    return this.#accountant.accounts;
  }

  tick(): void {
    this.#read(++this.#sequence * PERIOD_MS);
    const report = this.#report();
    const startedMs = performance.now();
    this.#accountant.account(report, this.#rules);
    this.#times.push(performance.now() - startedMs);
  }

  medianAccountMs(): number {
    return middle(this.#times);
  }

  #read(nowMs: number): void {
    const { table } = this;
    table.begin(nowMs);
    for (let n = 0; n < this.#flows; n++) {
      const id = { w0: n, w1: n >>> 3, w2: 7, w3: n };
      let row = table.rowOf(id);
      if (row < 0) {
        const match = { inPort: `vm${n % PORTS}`, fields: [], opaque: [] };
        row = table.add(id, match, [{ kind: 'output', port: `vm${(n + 1) % PORTS}` }]);
      }
      const packets = this.#sequence * (1 + (n % 97));
      table.observe(row, packets, packets * 700, 0);
      const d = table.decision;
      d.slice[row] = 1 + (n % SLICES);
      d.rule[row] = n % (RULES + 1);
      d.placement[row] = n % 12 === 0 ? 1 : 0;
      if (d.placement[row] === 1) table.carried(row, 50 + (n % 31), 40_000, nowMs);
    }
    table.end();
    updateRates(table, 1000);
  }

  #report(): TickReport {
    const { table } = this;
    return {
      tick: {
        sequence: this.#sequence,
        atMs: table.readAtMs,
        table,
        node: { hostCpu: 0.5, portLoad: new Map() },
        ports: this.#ports,
        sources: [],
        flowsFresh: true,
        fresh: true,
      },
      evaluation: undefined,
      slices: this.#slices,
      plans: [],
      moves: [],
      failures: [],
      flows: PLACEMENT_NAMES.map(() => 0),
      held: false,
      batches: [],
      stages: { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 0 },
      elapsedMs: 0,
    };
  }
}

/** The same numbers as prom-client is usually told them: each series set as it is scraped. */
function usualRegistry(a: TickAccounts): Registry {
  const registry = new Registry();
  const registers = [registry];
  const told = (name: string, labelNames: string[], tell: (gauge: Gauge) => void): void => {
    const gauge: Gauge = new Gauge({
      name,
      help: name,
      labelNames,
      registers,
      collect: () => {
        gauge.reset();
        tell(gauge);
      },
    });
  };
  const uses = (gauge: Gauge, labels: object, paths: PathUses, of: 'bytes' | 'packets'): void => {
    for (const use of paths) gauge.set({ ...labels, path: use.path }, use[of]);
  };
  for (const of of ['bytes', 'packets'] as const) {
    told(`path_${of}`, ['path'], (gauge) => uses(gauge, {}, a.paths, of));
    told(`slice_${of}`, ['slice', 'path'], (gauge) => {
      for (const { name, paths } of a.slices) uses(gauge, { slice: name }, paths, of);
    });
    told(`port_${of}`, ['port', 'direction', 'path'], (gauge) => {
      for (const { name, rx, tx } of a.ports) {
        uses(gauge, { port: name, direction: 'rx' }, rx, of);
        uses(gauge, { port: name, direction: 'tx' }, tx, of);
      }
    });
  }
  told('slice_flows', ['slice', 'placement'], (gauge) => {
    for (const { name, flows } of a.slices) {
      PLACEMENT_NAMES.forEach((placement, i) => gauge.set({ slice: name, placement }, flows[i]));
    }
  });
  told('port_info', ['port', 'kind'], (gauge) => {
    for (const { name, kind } of a.ports) gauge.set({ port: name, kind }, 1);
  });
  told('rule', ['rule', 'what'], (gauge) => {
    for (const { rule, moves, refusals, flows } of a.rules) {
      for (const [what, value] of Object.entries({ moves, refusals, flows })) {
        gauge.set({ rule, what }, value);
      }
    }
  });
  told('reason', ['reason', 'what'], (gauge) => {
    for (const { reason, moves, flows } of a.reasons) {
      for (const [what, value] of Object.entries({ moves, flows }))
        gauge.set({ reason, what }, value);
    }
  });
  return registry;
}

/** A series for each flow. */
function perFlowRegistry(table: FlowTable): Registry {
  const registry = new Registry();
  const bytes: Counter = new Counter({
    name: 'flow_bytes_total',
    help: 'Bytes of each flow.',
    labelNames: ['flow'],
    registers: [registry],
    collect: () => {
      bytes.reset();
      for (const row of table.rows.subarray(0, table.count)) {
        bytes.inc({ flow: formatFlowId(table.idAt(row)) }, table.traffic.vswitchBytes[row]);
      }
    },
  });
  return registry;
}

async function median(
  rounds: number,
  signal: AbortSignal,
  scene: Scene,
  scrape: () => Promise<unknown>,
): Promise<{ readonly ms: number; readonly worst: number }> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    scene.tick();
    // Nothing else runs meanwhile: what passes is what the event loop is held up.
    const startedMs = performance.now();
    await scrape();
    times.push(performance.now() - startedMs);
  }
  return { ms: middle(times), worst: Math.max(...times) };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function port(name: string): PortInfo {
  return {
    name,
    uuid: `uuid-of-${name}`,
    ifindex: 1,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    vm: name,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
