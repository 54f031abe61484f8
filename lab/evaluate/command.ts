import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabMissing } from '../kernel/cache.ts';
import { progress } from '../testbed/progress.ts';
import type { Evaluation, EvaluationPlan, LaneName } from './model/cells.ts';
import { runEvaluation } from './evaluate.ts';
import { htmlEvaluation } from './report/html-report.ts';
import { lanesOf, planOf } from './model/lanes.ts';
import { runSriovLane } from './on-host.ts';

/** Arguments of `lab evaluate`. */
export interface EvaluateArguments {
  readonly lane: LaneName | 'all';
  readonly quick: boolean;
  /** Each undefined: as in the plan of the lane. */
  readonly vms?: readonly number[];
  readonly ports?: readonly number[];
  readonly mtu?: readonly number[];
  readonly repetitions?: number;
  readonly seconds?: number;
  /** Folder for `evaluation.json` and `evaluation.html`. */
  readonly output?: string;
  readonly html?: string;
}

const NOTHING: Evaluation = { cells: [], lanes: [] };

/** Measures one lane or all of them; writes what there is after each scene, for a later one may fail. */
export async function evaluateLanes(options: EvaluateArguments): Promise<Evaluation> {
  const plans = lanesOf(options.lane).map((lane) => {
    return { lane, plan: planOf(lane, options.quick, chosenParts(options)) };
  });
  let all = NOTHING;
  for (const { lane, plan } of plans) {
    const before = all;
    const onScene = (soFar: Evaluation) => writeFiles(joined(before, soFar), options);
    const run = lane === 'sriov' ? runSriovLane(plan, onScene) : runEvaluation(lane, plan, onScene);
    const measured = await run.catch((error: unknown) => {
      if (options.lane !== 'all' || !(error instanceof LabMissing)) throw error;
      progress(`lane ${lane} is left out: ${error.message}`);
      return NOTHING;
    });
    all = joined(before, measured);
    await writeFiles(all, options);
  }
  return all;
}

function joined(a: Evaluation, b: Evaluation): Evaluation {
  return { cells: [...a.cells, ...b.cells], lanes: [...a.lanes, ...b.lanes] };
}

function chosenParts(options: EvaluateArguments): Partial<EvaluationPlan> {
  const { vms, ports, mtu: mtus, repetitions, seconds } = options;
  return {
    ...(vms === undefined ? {} : { vms }),
    ...(ports === undefined ? {} : { ports }),
    ...(mtus === undefined ? {} : { mtus }),
    ...(repetitions === undefined ? {} : { repetitions }),
    ...(seconds === undefined ? {} : { seconds }),
  };
}

async function writeFiles(evaluation: Evaluation, options: EvaluateArguments): Promise<void> {
  const { output, html } = options;
  if (html !== undefined) await writeFile(html, htmlEvaluation(evaluation));
  if (output === undefined) return;
  await mkdir(output, { recursive: true });
  await writeFile(join(output, 'evaluation.json'), `${JSON.stringify(evaluation)}\n`);
  await writeFile(join(output, 'evaluation.html'), htmlEvaluation(evaluation));
}
