import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { root } from '../setup/root.mjs';
import { say } from '../setup/step.mjs';
import { inTurn } from './in-turn.mjs';
import { LaneProcess } from './lane-process.mjs';
import { lanesToRepeat, withRepeated } from './repeat.mjs';
import { addUp, summaryOf } from './results.mjs';

/**
 * @typedef {object} Choice the tests to run
 * @property {readonly (readonly import('./plan.mjs').Lane[])[]} stages
 * @property {readonly string[]} options of mocha
 * @property {boolean} filtered whether the options filter tests
 * @property {boolean} repeats whether files with failed tests run again, alone
 */

/**
 * Runs the stages one after another, the lanes of a stage in parallel unless one waits for another, then the few files with failed
 * tests again, alone, and prints the results. The counts also go to the file in NORIKAE_TEST_COUNTS.
 *
 * @param {Choice} choice
 * @returns {Promise<number>} exit code: 0 if tests were run and none failed
 */
export async function runLanes({ stages, options, filtered, repeats }) {
  /** @type {Set<LaneProcess>} */
  const running = new Set();
  /** @type {'SIGINT' | 'SIGTERM' | undefined} */
  let stoppedBy;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => {
      stoppedBy ??= signal;
      for (const lane of running) lane.stop(signal);
    });
  }

  /** @type {import('./lane-process.mjs').LaneEnd[]} */
  const ends = [];
  const print = (/** @type {string} */ text) => void process.stdout.write(text);
  /** @param {readonly import('./plan.mjs').Lane[]} lanes */
  const runBeside = (lanes) =>
    inTurn(lanes, async (lane) => {
      const { name } = lane;
      if (stoppedBy !== undefined) {
        return { name, result: undefined, trouble: 'was not run', elapsedMs: 0 };
      }
      const started = new LaneProcess(lane, { root, options, print, live: lanes.length === 1 });
      running.add(started);
      const end = await started.ended;
      running.delete(started);
      return end;
    });
  for (const lanes of stages) {
    if (stoppedBy !== undefined) break;
    ends.push(...(await runBeside(lanes)));
  }
  const alone = repeats ? lanesToRepeat(stages.flat(), ends) : [];
  for (const lane of alone) {
    if (stoppedBy !== undefined) break;
    say(`failed tests of lane ${lane.name} again, alone: ${lane.files.join(', ')}`);
    const [again] = await runBeside([lane]);
    const index = ends.findIndex(({ name }) => name === lane.name);
    ends[index] = withRepeated(ends[index], again);
  }
  if (stoppedBy !== undefined) {
    say(`stopped by ${stoppedBy}; the tests are not complete`);
    return 128 + constants.signals[stoppedBy];
  }

  const total = addUp(ends, { filtered });
  print(summaryOf(total, ends));
  const { passed, failed, skipped } = total;
  const file = process.env.NORIKAE_TEST_COUNTS ?? '';
  if (file !== '') await writeFile(file, `${JSON.stringify({ passed, failed, skipped })}\n`);
  if (passed + failed === 0) say('no test was run');
  return failed > 0 || passed === 0 ? 1 : 0;
}
