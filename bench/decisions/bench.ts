import { setImmediate } from 'node:timers/promises';
import type { BenchOptions, BenchReport } from '../support/report.ts';
import { leadNotes, leadsOf } from './paired-lead.ts';
import { comparisonsOf, rankingOf } from './ranking.ts';
import { type Contender, membersOf } from './game/algorithm.ts';
import { bounds } from './game/bounds.ts';
import {
  algorithmFigures,
  meanFigures,
  type SettingFigures,
  traceFigures,
} from './game/figures.ts';
import { type Scope, scopeOf } from './options.ts';
import { type Hardware, IDEAL } from './game/hardware.ts';
import { run as runAlgorithm, type RunResult, type TableSpec } from './game/run.ts';
import { type Sightings, sightings } from './traces/sightings.ts';
import { writePlots } from './plots/write-plots.ts';
import type { Trace } from './traces/trace.ts';
import { type TraceWithExpectations, trafficOf } from './traffic.ts';
import { figureTables } from './tables.ts';

/**
 * Compares algorithms that choose which flows get entries, on the same traffic with tables of the
 * same size: the share of bytes and packets on the table, and the operations.
 */
export async function run(options: BenchOptions): Promise<BenchReport> {
  const scope = scopeOf(options.decisions ?? {}, options.quick);
  const figures = await allFigures(scope, options);
  const plots = options.decisions?.plots;
  const files = plots === undefined ? [] : await writePlots(figures, plots);
  for (const file of files) options.progress?.(`wrote ${file}`);
  return {
    name: 'decisions',
    comparisons: comparisonsOf(figures),
    notes: notesOf(scope, figures),
    tables: figureTables(figures),
    figures,
  };
}

async function allFigures(
  scope: Scope,
  { signal, progress }: BenchOptions,
): Promise<SettingFigures[]> {
  const traffic = trafficOf(scope);
  const all = scope.lengths.length * traffic.reduce((sum, t) => sum + t.traces.length, 0);
  const figures: SettingFigures[] = [];
  let done = 0;
  for (const length of scope.lengths) {
    for (const { input, load, traces } of traffic) {
      const runs: SettingFigures[][] = [];
      for (const { label, make } of traces) {
        progress?.(`[${++done}/${all}] ${label}, windows of ${length.windowMs} ms`);
        const setting = { input, load, windowMs: length.windowMs };
        runs.push(await figuresOf(await make(length), setting, scope, signal));
      }
      tablesOf(scope).forEach((_, i) => {
        const ofTable = runs.map((r) => r[i]);
        const leads = leadsOf(ofTable);
        figures.push({ ...meanFigures(ofTable), ...(leads === undefined ? {} : { leads }) });
      });
    }
  }
  return figures;
}

/** Every algorithm with a table of each size on one trace. */
async function figuresOf(
  { trace, expected }: TraceWithExpectations,
  setting: Pick<SettingFigures, 'input' | 'load' | 'windowMs'>,
  scope: Scope,
  signal: AbortSignal,
): Promise<SettingFigures[]> {
  const seen = sightings(trace);
  const figures: SettingFigures[] = [];
  for (const { entries, hardware } of tablesOf(scope)) {
    const ceilings = bounds(trace, seen, entries, expected);
    const algorithms = [];
    for (const algorithm of scope.algorithms) {
      await setImmediate();
      signal.throwIfAborted();
      const result = await bestOf(algorithm, trace, seen, { entries, hardware });
      algorithms.push(algorithmFigures(algorithm.name, result, ceilings));
    }
    figures.push({
      ...setting,
      entries,
      ...(hardware === IDEAL ? {} : { hardware: hardware.name }),
      trace: traceFigures(trace, seen),
      bounds: ceilings,
      algorithms,
    });
  }
  return figures;
}

/** Each size of table with each hardware. */
function tablesOf({ tables, hardware }: Scope): { entries: number; hardware: Hardware }[] {
  return tables.flatMap((entries) => hardware.map((each) => ({ entries, hardware: each })));
}

/** Result of the contender; of a family, that of its best member. */
async function bestOf(
  contender: Contender,
  trace: Trace,
  seen: Sightings,
  table: TableSpec,
): Promise<RunResult> {
  const [first, ...others] = membersOf(contender, trace, table.entries);
  let best = await runAlgorithm(first, trace, seen, table);
  for (const member of others) {
    const result = await runAlgorithm(member, trace, seen, table);
    if (covered(result) > covered(best)) best = result;
  }
  return best;
}

function covered({ byteCoverage, packetCoverage }: RunResult): number {
  return byteCoverage + packetCoverage;
}

function notesOf(scope: Scope, figures: readonly SettingFigures[]): string[] {
  const input = scope.trace ?? `means over ${scope.seeds.length} seeds: ${scope.seeds.join(', ')}`;
  return [
    input,
    'A in B: traffic of about A flows that the vSwitch has at a time, a table of B entries',
    ...rankingOf(figures),
    ...leadNotes(figures),
  ];
}
