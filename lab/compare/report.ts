import { release } from 'node:os';
import { textTable } from '../../platform/text-table.ts';
import type { CaseResult } from './runs/matrix.ts';
import type { Measures } from './verdict/measures.ts';
import { caseText, type CompareDatapath } from './cases/parameters.ts';
import type { ScenarioResult } from './scenarios/run-scenario.ts';
import type { Difference } from './verdict/verdict.ts';

/** A case or scenario that counts, with what both runs measured. */
export interface ReportedCase {
  /** Of the matrix; null: a scenario. */
  readonly number: number | null;
  readonly name: string;
  /** Bytes that Norikae carried past the vSwitch. */
  readonly offloadedBytes: number;
  readonly without: Measures | Readonly<Record<string, number>>;
  readonly with: Measures | Readonly<Record<string, number>>;
}

/** A case in which nothing was offloaded: it shows nothing about offloading. */
export interface NotServedCase {
  readonly number: number | null;
  readonly name: string;
  readonly reason: string;
}

/** A difference, and where it appeared. */
export interface ReportedDifference extends Difference {
  readonly number: number | null;
  readonly name: string;
}

/** Result of `lab compare`. */
export interface CompareReport {
  /** The datapath that was compared; nothing is known about the other. */
  readonly datapath: CompareDatapath;
  /** Release of the kernel on which it ran. */
  readonly kernel: string;
  readonly seed: number;
  readonly seconds: number;
  readonly cases: readonly ReportedCase[];
  readonly notServed: readonly NotServedCase[];
  /** Of all cases, also of those that are not served. */
  readonly differences: readonly ReportedDifference[];
}

/** Whether a value parsed from JSON is a report. */
export function isCompareReport(value: unknown): value is CompareReport {
  if (typeof value !== 'object' || value === null) return false;
  return ['cases', 'notServed', 'differences'].every((key) =>
    Array.isArray(Reflect.get(value, key)),
  );
}

/** The report of all results. */
export function reportOf(
  { datapath, seed }: Pick<CompareReport, 'datapath' | 'seed'>,
  seconds: number,
  matrix: readonly CaseResult[],
  scenarios: readonly ScenarioResult[],
): CompareReport {
  const all = [...matrix.map(ofCase), ...scenarios.map(ofScenario)];
  return {
    datapath,
    kernel: release(),
    seed,
    seconds,
    cases: all.flatMap(({ counted }) => counted ?? []),
    notServed: all.flatMap(({ notServed }) => notServed ?? []),
    differences: all.flatMap(({ differences }) => differences),
  };
}

interface Reported {
  readonly counted?: ReportedCase;
  readonly notServed?: NotServedCase;
  readonly differences: readonly ReportedDifference[];
}

function ofCase({ case: each, without, run, differences }: CaseResult): Reported {
  const id = { number: each.number, name: caseText(each.parameters) };
  const { measures, offloaded, notServed } = run;
  const shared = { differences: differences.map((one) => ({ ...id, ...one })) };
  if (notServed !== undefined) return { ...shared, notServed: { ...id, reason: notServed } };
  const offloadedBytes = offloaded.before + offloaded.after;
  return { ...shared, counted: { ...id, offloadedBytes, without, with: measures } };
}

function ofScenario({ scenario, differences, ...runs }: ScenarioResult): Reported {
  const id = { number: null, name: scenario.name };
  const shared = { differences: differences.map((one) => ({ ...id, ...one })) };
  const { offloadedBytes } = runs.with;
  if (offloadedBytes === 0 && !scenario.withoutOffload) {
    return { ...shared, notServed: { ...id, reason: 'its flow was not offloaded' } };
  }
  const named = (values: readonly number[]) =>
    Object.fromEntries(scenario.quantities.map(({ what }, i) => [what, values[i]]));
  const [without, withNorikae] = [named(runs.without.values), named(runs.with.values)];
  return { ...shared, counted: { ...id, offloadedBytes, without, with: withNorikae } };
}

/** The report as tables for a terminal of so many columns. */
export function formatCompareReport(report: CompareReport, width: number): string {
  const { datapath, kernel, cases, notServed, differences, seed, seconds } = report;
  const other = datapath === 'kernel' ? 'userspace' : 'kernel';
  const differing = new Set(differences.map(({ name }) => name));
  const plain = (text: string) => text;
  const number = { title: '#', align: 'right' } as const;
  const counted = textTable<ReportedCase>(
    [
      { ...number, text: (row) => numberText(row.number) },
      { title: 'offloaded', align: 'right', text: (row) => bytesText(row.offloadedBytes) },
      { title: 'differs', align: 'left', text: (row) => (differing.has(row.name) ? 'YES' : 'no') },
      { title: 'without / with', align: 'left', text: measuredText },
      { title: 'case', align: 'left', text: (row) => row.name },
    ],
    cases,
    width,
    plain,
  );
  const idle = textTable<NotServedCase>(
    [
      { ...number, text: (row) => numberText(row.number) },
      { title: 'case', align: 'left', text: (row) => row.name },
      { title: 'why nothing was offloaded', align: 'left', text: (row) => row.reason },
    ],
    notServed,
    width,
    plain,
  );
  return [
    ...counted,
    ...(notServed.length === 0 ? [] : ['', 'not served', ...idle]),
    ...(differences.length === 0 ? [] : ['', 'differences']),
    ...differences.map((one) => `✖ ${caseName(one)}: ${one.text}`),
    '',
    `${cases.length} cases, ${notServed.length} more not served, ${differences.length} differences; ` +
      `seed ${seed}, ${seconds.toFixed(0)} s`,
    `${datapath} datapath on Linux ${kernel}; the ${other} datapath was not compared (--datapath ${other})`,
  ].join('\n');
}

function caseName({ number, name }: ReportedDifference): string {
  return number === null ? name : `case ${number} (${name})`;
}

function numberText(number: number | null): string {
  return number === null ? '' : String(number);
}

function bytesText(bytes: number): string {
  return `${(bytes / 1e3).toFixed(0)} kB`;
}

/** What arrived, or what a scenario measured, in both runs. */
function measuredText(row: ReportedCase): string {
  return `${summary(row.without)} / ${summary(row.with)}`;
}

function summary(measured: ReportedCase['without']): string {
  if (!isMeasures(measured)) {
    return Object.values(measured)
      .map((value) => Math.round(value).toLocaleString('en'))
      .join(', ');
  }
  const sum = (part: 'before' | 'after') =>
    measured.streams.reduce((all, stream) => all + stream[part].received, 0);
  return `${sum('before')} + ${sum('after')}`;
}

function isMeasures(measured: ReportedCase['without']): measured is Measures {
  return Array.isArray(measured.streams);
}
