import { relative, resolve } from 'node:path';
import { root } from '../setup/root.mjs';
import { splitArguments } from './arguments.mjs';
import { listTestFiles, selectFiles } from './files.mjs';
import { planStages } from './plan.mjs';

/**
 * Chooses the tests of a run: those in the arguments of this process, or all of the stages.
 *
 * @param {readonly (readonly import('./plan.mjs').LaneFolders[])[]} stages
 * @param {(file: string) => Promise<boolean>} belongs whether a file belongs to this run
 * @returns {Promise<import('./run-lanes.mjs').Choice>}
 * @throws {import('../setup/step.mjs').SetupFailed} when an argument names no test of this run
 */
export async function chooseTests(stages, belongs) {
  const { paths, options, filtered } = splitArguments(process.argv.slice(2));
  const files = await listTestFiles(root);
  const belonging = await Promise.all(files.map(belongs));
  const ours = files.filter((_, i) => belonging[i]);
  const inLanes = planStages(stages, ours).flatMap((lanes) => lanes.flatMap((lane) => lane.files));
  const named = paths.map((path) => relative(root, resolve(path)));
  const chosen = planStages(stages, selectFiles(inLanes, named));
  // A run of chosen tests looks for their failures.
  const repeats = paths.length === 0 && !filtered;
  return { stages: chosen, options, filtered, repeats };
}
