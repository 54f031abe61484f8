/**
 * @typedef {object} FileCounts counts of one compiled file of tests
 * @property {string} file `dist/test/policy/docs.test.js`
 * @property {number} passed
 * @property {number} failed failed hooks included
 * @property {number} skipped
 */

/**
 * @typedef {object} LaneResult the result that a lane reports after its tests
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly (readonly [string, number])[]} reasons number of skipped tests by reason
 * @property {readonly (readonly [string, number])[]} elapsedMs by folder of tests
 * @property {readonly FileCounts[]} files
 * @property {string} failures the failures in mocha's format; empty without failures
 * @property {string} [failuresBefore] those of the first run, if their files were repeated
 */

/**
 * @typedef {object} Total sums of all lanes
 * @property {number} passed
 * @property {number} failed a lane that failed as a whole counts as one failure
 * @property {number} skipped
 * @property {ReadonlyMap<string, number>} reasons
 * @property {ReadonlyMap<string, number>} elapsedMs
 * @property {readonly { name: string, text: string }[]} failures by lane
 * @property {readonly { name: string, text: string }[]} repeated by lane: failures of the first run of
 *   files that were repeated
 */

/**
 * Sums up the results of the lanes.
 *
 * @param {readonly import('./lane-process.mjs').LaneEnd[]} ends
 * @param {{ filtered: boolean }} options `filtered`: a lane may run no test
 * @returns {Total}
 */
export function addUp(ends, { filtered }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Map();
  const elapsedMs = new Map();
  const failures = [];
  const repeated = [];
  for (const { name, result, trouble } of ends) {
    const problem = trouble ?? (filtered || !isEmpty(result) ? undefined : 'has run no test');
    counts.passed += result?.passed ?? 0;
    counts.failed += (result?.failed ?? 0) + (problem === undefined ? 0 : 1);
    counts.skipped += result?.skipped ?? 0;
    addAll(reasons, result?.reasons ?? []);
    addAll(elapsedMs, result?.elapsedMs ?? []);
    const text = [result?.failures ?? '', problem === undefined ? '' : `  the lane ${problem}\n`];
    if (text.join('') !== '') failures.push({ name, text: text.join('') });
    const before = result?.failuresBefore ?? '';
    if (before !== '') repeated.push({ name, text: before });
  }
  return { ...counts, reasons, elapsedMs, failures, repeated };
}

/** @param {LaneResult | undefined} result */
function isEmpty(result) {
  return result === undefined || result.passed + result.failed + result.skipped === 0;
}

/**
 * @param {Map<string, number>} sums
 * @param {readonly (readonly [string, number])[]} entries
 */
function addAll(sums, entries) {
  for (const [key, value] of entries) sums.set(key, (sums.get(key) ?? 0) + value);
}

/**
 * The summary of a test run: skipped tests with their reasons, times, failures, counts.
 *
 * @param {Total} total
 * @param {readonly import('./lane-process.mjs').LaneEnd[]} ends
 * @returns {string}
 */
export function summaryOf(total, ends) {
  const skipped = [...total.reasons].map(([why, count]) => `  SKIPPED ${count} × ${why}`);
  const lanes = ends.map(({ name, elapsedMs }) => /** @type {const} */ ([name, elapsedMs]));
  const failures = total.failures.map(({ name, text }) => `\n  failures in lane ${name}:\n${text}`);
  const repeated = total.repeated.map(
    ({ name, text }) => `\n  REPEATED alone, after these failures in lane ${name}:\n${text}`,
  );
  const { passed, failed } = total;
  return [
    '',
    ...skipped,
    `  seconds by lane: ${seconds(lanes)}`,
    `  seconds by folder: ${seconds([...total.elapsedMs])}`,
    ...repeated,
    ...failures,
    `\n  tests: ${passed} passed, ${failed} failed, ${total.skipped} skipped\n`,
  ].join('\n');
}

/** @param {readonly (readonly [string, number])[]} times ms */
function seconds(times) {
  const longestFirst = times.toSorted(([, a], [, b]) => b - a);
  return longestFirst.map(([what, ms]) => `${what} ${(ms / 1000).toFixed(1)}`).join(', ');
}
