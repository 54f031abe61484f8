import { Bed } from './bed/bed.ts';
import { runMatrix } from './runs/matrix.ts';
import {
  caseText,
  type CompareCase,
  type CompareDatapath,
  matrix,
  quickCases,
} from './cases/parameters.ts';
import { type CompareReport, reportOf } from './report.ts';
import { runScenario, type ScenarioResult } from './scenarios/run-scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** What to compare. */
export interface CompareOptions {
  readonly datapath: CompareDatapath;
  readonly seed: number;
  /** Numbers of cases; empty: all. */
  readonly cases: readonly number[];
  /** Words that occur in the case, or the name of a scenario; empty: all. */
  readonly only: readonly string[];
  /** A few cases with every value, and no scenarios. */
  readonly quick: boolean;
  /** How often a difference must appear; 3, unless noise does not matter. */
  readonly rounds: number;
}

/** No case and no scenario was chosen. */
export class NothingToCompare extends Error {
  override readonly name = 'NothingToCompare';
}

/**
 * Runs the same traffic on the same node without and with Norikae, and lists what a user would see
 * to differ.
 *
 * @throws {NothingToCompare}
 */
export async function runCompare(options: CompareOptions): Promise<CompareReport> {
  const startMs = performance.now();
  const [cases, scenarios] = [casesOf(options), scenariosOf(options)];
  if (cases.length + scenarios.length === 0) {
    throw new NothingToCompare('no case has that number and those words');
  }
  const bed = await Bed.start(options.datapath);
  try {
    const results = await runMatrix(bed, cases, options.rounds);
    const others: ScenarioResult[] = [];
    for (const scenario of scenarios) others.push(await runScenario(bed, scenario, options.rounds));
    const seconds = (performance.now() - startMs) / 1_000;
    return reportOf(options, seconds, results, others);
  } finally {
    await bed.stop();
  }
}

function casesOf({ datapath, seed, cases, only, quick }: CompareOptions): readonly CompareCase[] {
  const all = matrix(seed, datapath);
  return (quick ? quickCases(all) : all)
    .filter(({ number }) => cases.length === 0 || cases.includes(number))
    .filter(({ parameters }) => only.every((word) => wordsOf(parameters).includes(word)));
}

function wordsOf(parameters: CompareCase['parameters']): readonly string[] {
  return caseText(parameters).split(/[ ,]+/);
}

/** Those of the kernel datapath would depend on times that an emulated processor distorts. */
function scenariosOf({ datapath, cases, only, quick }: CompareOptions): readonly Scenario[] {
  if (datapath === 'kernel' || quick || cases.length > 0) return [];
  return SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
}
