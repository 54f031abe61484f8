import { type Evaluation, type EvaluationPlan, middle } from './cells.ts';

/**
 * One run of a lane from runs of its single scenes, which were measured one after another.
 *
 * @param plan of the whole run
 * @param scenes at least one
 */
export function joinScenes(plan: EvaluationPlan, scenes: readonly Evaluation[]): Evaluation {
  const runs = scenes.flatMap(({ lanes }) => lanes);
  const [first] = runs;
  const otherWork = {
    median: middle(runs.map((run) => run.otherWork.median)),
    max: Math.max(...runs.map((run) => run.otherWork.max)),
  };
  const tookSeconds = runs.reduce((sum, run) => sum + run.tookSeconds, 0);
  const cells = scenes.flatMap((scene) => scene.cells);
  return { cells, lanes: [{ ...first, plan, otherWork, tookSeconds }] };
}
