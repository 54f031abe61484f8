/**
 * Runs the lanes of a stage in parallel, each after the lane that it waits for.
 *
 * @template T
 * @param {readonly import('./plan.mjs').Lane[]} lanes
 * @param {(lane: import('./plan.mjs').Lane) => Promise<T>} run
 * @returns {Promise<readonly T[]>} in the order of the lanes
 */
export function inTurn(lanes, run) {
  /** @type {Map<string, Promise<T>>} */
  const ends = new Map();
  for (const lane of lanes) {
    const before = lane.after === undefined ? undefined : ends.get(lane.after);
    ends.set(lane.name, before === undefined ? run(lane) : before.then(() => run(lane)));
  }
  return Promise.all(ends.values());
}
