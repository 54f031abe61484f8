import { Counter, Gauge, Registry } from 'prom-client';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { PathUses, TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { Metrics } from '../telemetry/prometheus/metrics.ts';
import { median } from './support/measuring.ts';
import { NodeScene, PORTS, SLICES } from './node-scene.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

/** Longest time that a scrape may block the event loop, ms. */
const BOUND_MS = 5;

/**
 * Time that one scrape blocks the event loop, compared with prom-client in its usual use: a counter
 * or gauge set per series at each scrape, then written by the registry. Also compared with one
 * gauge with a label per flow, as in exporters that do not aggregate.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const flows = quick ? 10_000 : 100_000;
  const rounds = quick ? 10 : 40;
  const scene = new NodeScene(flows);
  for (let tick = 0; tick < 5; tick++) scene.tick();
  const metrics = new Metrics({
    version: 'bench',
    backends: [],
    accounts: scene.accounts,
    clock: { now: () => performance.now() },
  });
  const usual = usualRegistry(scene.accounts);
  const perFlow = perFlowRegistry(scene.table);
  const ours = await scrapeTimes(rounds, signal, scene, () => metrics.expose());
  const peer = await scrapeTimes(rounds, signal, scene, () => usual.metrics());
  const naive = await scrapeTimes(Math.min(rounds, 5), signal, scene, () => perFlow.metrics());
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

/** The same numbers in prom-client's usual use: each series set at the scrape. */
function usualRegistry(a: TickAccounts): Registry {
  const registry = new Registry();
  const registers = [registry];
  const addGauge = (name: string, labelNames: string[], set: (gauge: Gauge) => void): void => {
    const gauge: Gauge = new Gauge({
      name,
      help: name,
      labelNames,
      registers,
      collect: () => {
        gauge.reset();
        set(gauge);
      },
    });
  };
  const uses = (gauge: Gauge, labels: object, paths: PathUses, of: 'bytes' | 'packets'): void => {
    for (const use of paths) gauge.set({ ...labels, path: use.path }, use[of]);
  };
  for (const of of ['bytes', 'packets'] as const) {
    addGauge(`path_${of}`, ['path'], (gauge) => uses(gauge, {}, a.paths, of));
    addGauge(`slice_${of}`, ['slice', 'path'], (gauge) => {
      for (const { name, paths } of a.slices) uses(gauge, { slice: name }, paths, of);
    });
    addGauge(`port_${of}`, ['port', 'direction', 'path'], (gauge) => {
      for (const { name, rx, tx } of a.ports) {
        uses(gauge, { port: name, direction: 'rx' }, rx, of);
        uses(gauge, { port: name, direction: 'tx' }, tx, of);
      }
    });
  }
  addGauge('slice_flows', ['slice', 'placement'], (gauge) => {
    for (const { name, flows } of a.slices) {
      PLACEMENT_NAMES.forEach((placement, i) => gauge.set({ slice: name, placement }, flows[i]));
    }
  });
  addGauge('port_info', ['port', 'kind'], (gauge) => {
    for (const { name, kind } of a.ports) gauge.set({ port: name, kind }, 1);
  });
  addGauge('rule', ['rule', 'what'], (gauge) => {
    for (const { rule, moves, refusals, flows } of a.rules) {
      for (const [what, value] of Object.entries({ moves, refusals, flows })) {
        gauge.set({ rule, what }, value);
      }
    }
  });
  addGauge('reason', ['reason', 'what'], (gauge) => {
    for (const { reason, moves, flows, waiting } of a.reasons) {
      for (const [what, value] of Object.entries({ moves, flows, waiting }))
        gauge.set({ reason, what }, value);
    }
  });
  addGauge('share', ['backend', 'placement', 'slice', 'what'], (gauge) => {
    for (const { backend, placement, shares } of a.tables) {
      for (const { slice, ...entries } of shares) {
        for (const [what, value] of Object.entries(entries))
          gauge.set({ backend, placement, slice, what }, value);
      }
    }
  });
  addGauge('limit', ['backend', 'limit', 'what'], (gauge) => {
    for (const { backend, limits } of a.tables) {
      for (const { name: limit, scope: _scope, hard: _hard, ...numbers } of limits) {
        for (const [what, value] of Object.entries(numbers))
          gauge.set({ backend, limit, what }, value);
      }
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

async function scrapeTimes(
  rounds: number,
  signal: AbortSignal,
  scene: NodeScene,
  scrape: () => Promise<unknown>,
): Promise<{ readonly ms: number; readonly worst: number }> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    scene.tick();
    // Nothing else runs meanwhile, so the elapsed time is the blocking time.
    const startedMs = performance.now();
    await scrape();
    times.push(performance.now() - startedMs);
  }
  return { ms: median(times), worst: Math.max(...times) };
}
