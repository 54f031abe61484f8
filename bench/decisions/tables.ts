import type { ReportTable } from '../support/report.ts';
import {
  type AlgorithmFigures,
  meanFigures,
  type SettingFigures,
  settingName,
} from './game/figures.ts';
import type { Bound, Bounds } from './game/bounds.ts';
import { grouped } from './game/groups.ts';

/** Up to this many settings get a table each; more are shown as matrices. */
const DETAILED_SETTINGS = 12;

const COLUMNS = [
  'algorithm',
  'bytes',
  'of clairv.',
  'of reach.',
  'of inf.',
  'packets',
  'of clairv.',
  'of reach.',
  'of inf.',
  'entries',
  'ops/s',
  'ms/decision',
];

/** A metric of the algorithms and, where defined, of the ceilings. */
interface Metric {
  readonly title: string;
  readonly of: (a: AlgorithmFigures) => string;
  readonly bound: ((bound: Bound) => string) | undefined;
}

const METRICS: readonly Metric[] = [
  {
    title: 'share of bytes on the table',
    of: (a) => percent(a.byteCoverage),
    bound: (b) => percent(b.bytes),
  },
  {
    title: 'share of packets on the table',
    of: (a) => percent(a.packetCoverage),
    bound: (b) => percent(b.packets),
  },
  { title: 'operations/s', of: (a) => a.operationsPerSecond.toFixed(1), bound: undefined },
];

/**
 * The figures for a terminal: a few settings in full, many as matrices of settings by algorithms,
 * with the means over the inputs last.
 */
export function figureTables(figures: readonly SettingFigures[]): ReportTable[] {
  if (figures.length <= DETAILED_SETTINGS) return figures.map(detailTable);
  return [...grouped(figures, (f) => f.windowMs).values()].flatMap((ofWindow) => {
    const means = [
      ...grouped(ofWindow, (f) => `${f.load} ${f.entries} ${f.hardware}`).values(),
    ].map((group) => ({
      ...meanFigures(group),
      input: 'mean',
    }));
    return [...METRICS.map((m) => matrix(m, ofWindow)), ...METRICS.map((m) => matrix(m, means))];
  });
}

function detailTable(f: SettingFigures): ReportTable {
  return {
    title: titleOf(f),
    columns: COLUMNS,
    rows: [
      ...ceilingsOf(f.bounds).map(([name, bound]) => [
        name,
        ...sharesOf(bound.bytes, f.bounds, 'bytes'),
        ...sharesOf(bound.packets, f.bounds, 'packets'),
        '',
        '',
        '',
      ]),
      ...f.algorithms.map((a) => [
        a.algorithm,
        ...sharesOf(a.byteCoverage, f.bounds, 'bytes'),
        ...sharesOf(a.packetCoverage, f.bounds, 'packets'),
        String(Math.round(a.meanEntries)),
        a.operationsPerSecond.toFixed(1),
        a.msPerDecision.toFixed(3),
      ]),
    ],
  };
}

/** The known ceilings by name, highest first. */
function ceilingsOf({ clairvoyant, reachable, informed }: Bounds): [string, Bound][] {
  const ceilings: [string, Bound][] = [
    ['clairvoyant', clairvoyant],
    ['reachable', reachable],
  ];
  return informed === undefined ? ceilings : [...ceilings, ['informed', informed]];
}

/** A coverage, and its share of each ceiling. */
function sharesOf(coverage: number, bounds: Bounds, unit: keyof Bound): string[] {
  const { clairvoyant, reachable, informed } = bounds;
  return [
    percent(coverage),
    percent(coverage / clairvoyant[unit]),
    percent(coverage / reachable[unit]),
    informed === undefined ? '' : percent(coverage / informed[unit]),
  ];
}

function titleOf({ input, entries, hardware, windowMs, trace }: SettingFigures): string {
  const gigabits = (trace.bitsPerSecond / 1e9).toFixed(2);
  const flows = `${Math.round(trace.liveFlows)} flows, ${Math.round(trace.sendingFlows)} sending`;
  return `${input}: ${entries} entries (${hardware ?? 'ideal'}) for ${flows}, ${gigabits} Gbit/s, windows of ${windowMs} ms`;
}

/** One metric: a row for each setting, a column for each algorithm. */
function matrix({ title, of, bound }: Metric, figures: readonly SettingFigures[]): ReportTable {
  const [first] = figures;
  const ceilings = bound === undefined ? [] : ceilingsOf(first.bounds).map(([name]) => name);
  return {
    title: `${title}, windows of ${first.windowMs} ms`,
    columns: ['flows and entries', ...ceilings, ...first.algorithms.map((a) => a.algorithm)],
    rows: figures.map((f) => [
      settingName(f),
      ...(bound === undefined ? [] : ceilingsOf(f.bounds).map(([, ceiling]) => bound(ceiling))),
      ...f.algorithms.map(of),
    ]),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
