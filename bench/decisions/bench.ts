import { setImmediate } from 'node:timers/promises';
import { type BenchOptions, type BenchReport, type Comparison, compare } from '../report.ts';
import { type Contender, membersOf } from './algorithm.ts';
import { bounds } from './bounds.ts';
import { algorithmFigures, meanFigures, type SettingFigures, traceFigures } from './figures.ts';
import { type Scope, scopeOf } from './options.ts';
import { run as runAlgorithm, type RunResult } from './run.ts';
import { type Sightings, sightings } from './sightings.ts';
import type { Trace } from './trace.ts';
import { trafficOf } from './traffic.ts';
import { figureTables } from './tables.ts';

/**
 * Algorithms that choose which flows have an entry, on the same traffic with tables of the same
 * size: what share of bytes and packets rides the table, and at how many operations.
 */
export async function run(options: BenchOptions): Promise<BenchReport> {
  const scope = scopeOf(options.decisions ?? {}, options.quick);
  const figures = await allFigures(scope, options.signal);
  return {
    name: 'decisions',
    comparisons: comparisonsOf(figures),
    notes: notesOf(scope),
    tables: figureTables(figures),
    figures,
  };
}

async function allFigures(scope: Scope, signal: AbortSignal): Promise<SettingFigures[]> {
  const traffic = trafficOf(scope);
  const all = scope.lengths.length * traffic.reduce((sum, t) => sum + t.traces.length, 0);
  const figures: SettingFigures[] = [];
  let done = 0;
  for (const length of scope.lengths) {
    for (const { input, load, traces } of traffic) {
      const runs: SettingFigures[][] = [];
      for (const { label, make } of traces) {
        process.stderr.write(`[${++done}/${all}] ${label}, windows of ${length.windowMs} ms\n`);
        const setting = { input, load, windowMs: length.windowMs };
        runs.push(await figuresOf(await make(length), setting, scope, signal));
      }
      scope.tables.forEach((_, i) => figures.push(meanFigures(runs.map((r) => r[i]))));
    }
  }
  return figures;
}

/** Every algorithm with a table of each size on one trace. */
async function figuresOf(
  trace: Trace,
  setting: Pick<SettingFigures, 'input' | 'load' | 'windowMs'>,
  scope: Scope,
  signal: AbortSignal,
): Promise<SettingFigures[]> {
  const seen = sightings(trace);
  const figures: SettingFigures[] = [];
  for (const entries of scope.tables) {
    const ceilings = bounds(trace, seen, entries);
    const algorithms = [];
    for (const algorithm of scope.algorithms) {
      await setImmediate();
      signal.throwIfAborted();
      const result = bestOf(algorithm, trace, seen, entries);
      algorithms.push(algorithmFigures(algorithm.name, result, ceilings));
    }
    figures.push({
      ...setting,
      entries,
      trace: traceFigures(trace, seen),
      bounds: ceilings,
      algorithms,
    });
  }
  return figures;
}

/** What the contender achieves: a family as much as its best member does. */
function bestOf(contender: Contender, trace: Trace, seen: Sightings, entries: number): RunResult {
  return membersOf(contender, trace, entries)
    .map((member) => runAlgorithm(member, trace, seen, entries))
    .reduce((best, result) => (covered(result) > covered(best) ? result : best));
}

function covered({ byteCoverage, packetCoverage }: RunResult): number {
  return byteCoverage + packetCoverage;
}

/** Ours beside the best of the others, setting by setting. */
function comparisonsOf(figures: readonly SettingFigures[]): Comparison[] {
  return figures.flatMap((f) => {
    const ours = f.algorithms.find((a) => a.algorithm === 'norikae');
    const peers = f.algorithms.filter((a) => a.algorithm !== 'norikae');
    if (ours === undefined || peers.length === 0) return [];
    const where = `${f.input} ${f.load ?? ''} flows, ${f.entries} entries, ${f.windowMs} ms`;
    const best = (value: (a: (typeof peers)[number]) => number) =>
      peers.reduce((a, b) => (value(b) > value(a) ? b : a));
    const bytes = best((a) => a.byteCoverage);
    const packets = best((a) => a.packetCoverage);
    return [
      compare(
        `${where}: bytes, beside ${bytes.algorithm}`,
        { ours: ours.byteCoverage * 100, peer: bytes.byteCoverage * 100 },
        '%',
        'higher',
      ),
      compare(
        `${where}: packets, beside ${packets.algorithm}`,
        { ours: ours.packetCoverage * 100, peer: packets.packetCoverage * 100 },
        '%',
        'higher',
      ),
    ];
  });
}

function notesOf(scope: Scope): string[] {
  return [
    `means over seeds ${scope.seeds.join(', ')}; the peer is the best other algorithm in each setting`,
  ];
}
