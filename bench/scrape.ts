import { Counter, Gauge, Registry } from 'prom-client';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { PathUses, TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { Metrics } from '../telemetry/prometheus/metrics.ts';
import { median } from './support/measuring.ts';
import { NodeScene, PORTS, SLICES } from './node-scene.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

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
    for (const { reason, moves, flows, waiting } of a.reasons) {
      for (const [what, value] of Object.entries({ moves, flows, waiting }))
        gauge.set({ reason, what }, value);
    }
  });
  told('share', ['backend', 'placement', 'slice', 'what'], (gauge) => {
    for (const { backend, placement, shares } of a.tables) {
      for (const { slice, ...entries } of shares) {
        for (const [what, value] of Object.entries(entries))
          gauge.set({ backend, placement, slice, what }, value);
      }
    }
  });
  told('limit', ['backend', 'limit', 'what'], (gauge) => {
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
    // Nothing else runs meanwhile: what passes is what the event loop is held up.
    const startedMs = performance.now();
    await scrape();
    times.push(performance.now() - startedMs);
  }
  return { ms: median(times), worst: Math.max(...times) };
}
