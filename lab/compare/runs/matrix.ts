import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { progress } from '../../testbed/progress.ts';
import type { Bed } from '../bed/bed.ts';
import type { Measures, OffloadedRun } from '../verdict/measures.ts';
import { type CompareCase, caseText } from '../cases/parameters.ts';
import { runWith, runWithout } from './run-case.ts';
import { surroundingsOf } from '../surroundings/of-case.ts';
import { type Difference, differencesOf } from '../verdict/verdict.ts';

/** Both runs of a case. */
export interface CaseResult {
  readonly case: CompareCase;
  readonly without: Measures;
  readonly run: OffloadedRun;
  /** Those that appeared in every repetition. */
  readonly differences: readonly Difference[];
}

/** Runs cases without and with Norikae; those that differ, up to `rounds` times. */
export async function runMatrix(
  bed: Bed,
  cases: readonly CompareCase[],
  rounds: number,
): Promise<readonly CaseResult[]> {
  let results = await round(bed, cases);
  for (let i = 1; i < rounds; i++) {
    const suspects = results.filter(({ differences }) => differences.length > 0);
    if (suspects.length === 0) break;
    progress(`${suspects.length} cases differ; repeating them (${i + 1} of ${rounds})`);
    const again = await round(
      bed,
      suspects.map((result) => result.case),
    );
    results = results.map((result) => confirmed(result, again));
  }
  return results;
}

/** All runs without Norikae, then those with it: one daemon for each backend. */
async function round(bed: Bed, cases: readonly CompareCase[]): Promise<readonly CaseResult[]> {
  const references = new Map<number, Measures>();
  for (const [i, each] of cases.entries()) {
    progress(`without Norikae, ${i + 1} of ${cases.length}: ${caseText(each.parameters)}`);
    references.set(each.number, await runWithout(bed, each.parameters));
  }
  const results: CaseResult[] = [];
  for (const backend of new Set(cases.map(({ parameters }) => parameters.backend))) {
    const ours = cases.filter(({ parameters }) => parameters.backend === backend);
    const daemon = await bed.startDaemon(backend);
    try {
      for (const each of ours) {
        progress(
          `with Norikae, ${results.length + 1} of ${cases.length}: ${caseText(each.parameters)}`,
        );
        const without = references.get(each.number);
        if (without !== undefined) results.push(await compared(bed, daemon, each, without));
      }
    } finally {
      await daemon.stop();
    }
  }
  return results.toSorted((a, b) => a.case.number - b.case.number);
}

async function compared(
  bed: Bed,
  daemon: NorikaeDaemon,
  each: CompareCase,
  without: Measures,
): Promise<CaseResult> {
  const { parameters } = each;
  let run: OffloadedRun;
  try {
    run = await runWith(bed, parameters, daemon);
  } catch (error) {
    // Its reason may be what Norikae does to the traffic; noise does not repeat.
    const notServed = `the run failed: ${errorMessage(error)}`;
    const none = { before: 0, after: 0 };
    run = { measures: without, offloaded: none, notServed };
    return { case: each, without, run, differences: [failure(notServed)] };
  }
  const { counts } = surroundingsOf(bed, parameters);
  const differences = differencesOf(parameters, without, run.measures, counts);
  return { case: each, without, run, differences };
}

function failure(text: string): Difference {
  return { what: 'the run', without: 1, with: 0, text };
}

/** The repetition's result of the case, with the differences that appeared again. */
function confirmed(result: CaseResult, again: readonly CaseResult[]): CaseResult {
  const repeated = again.find((other) => other.case.number === result.case.number);
  if (repeated === undefined) return result;
  const before = new Set(result.differences.map(({ what }) => what));
  const differences = repeated.differences.filter(({ what }) => before.has(what));
  return { ...repeated, differences };
}
