import type { DecisionOptions } from './decision-options.ts';

/** A figure of ours and of a peer, measured in the same run. */
export interface Comparison {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** Unit of `ours` and `peer`, for instance `flows/s` or `ms`. */
  readonly unit: string;
  /** Ratio of ours to the peer's, inverted if lower is better: above 1, ours is better. */
  readonly ratio: number;
  readonly better: 'higher' | 'lower';
}

/** Result of a benchmark. */
export interface BenchReport {
  readonly name: string;
  readonly comparisons: readonly Comparison[];
  /** What a reader needs to judge the figures: sizes, subsets, the peer. */
  readonly notes: readonly string[];
  /** Further tables to print, beyond the comparisons. */
  readonly tables?: readonly ReportTable[];
  /** All measurements, for `--json`. */
  readonly figures?: unknown;
}

/** Cells as they are printed: the first column to the left, the others to the right. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What the runner passes to a benchmark. */
export interface BenchOptions {
  /** A quick run instead of a measurement: small sizes, few repetitions. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  /** Reports the progress of a long benchmark, a line at a time. */
  readonly progress?: (line: string) => void;
  /** For the bench `decisions`; `plots` is for `tick`, too. */
  readonly decisions?: DecisionOptions;
}

/** What `bench/<name>.ts` exports. */
export type RunBench = (options: BenchOptions) => Promise<BenchReport>;

/** A comparison with its ratio. */
export function compare(
  name: string,
  numbers: { readonly ours: number; readonly peer: number },
  unit: string,
  better: 'higher' | 'lower',
): Comparison {
  const { ours, peer } = numbers;
  const ratio = better === 'higher' ? ours / peer : peer / ours;
  return { name, ours, peer, unit, ratio, better };
}

/** The report as tables for a terminal. */
export function formatReport(report: BenchReport): string {
  const rows = report.comparisons.map((c) => [
    c.name,
    `${figure(c.ours)} ${c.unit}`,
    `${figure(c.peer)} ${c.unit}`,
    `${figure(c.ratio)}x`,
  ]);
  const tables = (report.tables ?? []).map(
    (t) => `${t.title}\n${aligned([t.columns, ...t.rows]).join('\n')}\n`,
  );
  const comparisons = aligned([['', 'ours', 'peer', 'ratio'], ...rows]);
  return [report.name, ...tables, ...comparisons, ...report.notes.map((n) => `  ${n}`)].join('\n');
}

/** The rows as lines: the first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((r) => r[column].length)));
  return rows.map((r) =>
    r.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-GB')
    : value.toLocaleString('en-GB', { maximumSignificantDigits: 3 });
}
