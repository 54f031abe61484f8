import { sourceFile } from './files.mjs';

/** With more failed files than these something is broken, and repeating them says nothing new. */
const MAX_FILES = 3;

/**
 * The lanes to run again, with the files of failed tests only. Lanes run beside each other on few
 * cores, where a test of times and rates can fail for want of a core; alone, it must pass.
 *
 * @param {readonly import('./plan.mjs').Lane[]} lanes that were run
 * @param {readonly import('./lane-process.mjs').LaneEnd[]} ends how they ended
 * @returns {readonly import('./plan.mjs').Lane[]} empty when too much failed, or a lane as a whole
 */
export function lanesToRepeat(lanes, ends) {
  if (ends.some((end) => end.trouble !== undefined)) return [];
  const failed = lanes
    .map((lane) => ({ ...lane, files: failedFiles(ends.find(({ name }) => name === lane.name)) }))
    .filter((lane) => lane.files.length > 0);
  return failed.flatMap((lane) => lane.files).length > MAX_FILES ? [] : failed;
}

/** @param {import('./lane-process.mjs').LaneEnd | undefined} end */
function failedFiles(end) {
  const files = end?.result?.files ?? [];
  return files.filter(({ failed }) => failed > 0).map(({ file }) => sourceFile(file));
}

/**
 * The end of a lane with the results of its repeated files in place of the first ones.
 *
 * @param {import('./lane-process.mjs').LaneEnd} first
 * @param {import('./lane-process.mjs').LaneEnd | undefined} again undefined: nothing was repeated
 * @returns {import('./lane-process.mjs').LaneEnd}
 */
export function withRepeated(first, again) {
  if (again === undefined || first.result === undefined) return first;
  const { result, trouble } = again;
  const elapsedMs = first.elapsedMs + again.elapsedMs;
  if (result === undefined) return { ...first, trouble, elapsedMs };
  const repeated = new Set(result.files.map(({ file }) => file));
  const files = [...first.result.files.filter(({ file }) => !repeated.has(file)), ...result.files];
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    files.reduce((total, counts) => total + counts[key], 0);
  const merged = {
    ...first.result,
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    files,
    failures: result.failures,
    failuresBefore: first.result.failures,
  };
  return { ...first, result: merged, trouble, elapsedMs };
}
