// The mocha reporter of `npm test`: mocha's own `spec`, then every skipped test with its reason,
// then how long each folder of tests took, then the counts in one line, and in the file
// NORIKAE_TEST_COUNTS when that is set.
import { writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

/** How long the process may live on after its last test, ms. */
const LINGER_MS = 15_000;

class CountsReporter extends Mocha.reporters.Spec {
  /** @type {Map<string, number>} */
  #skipped = new Map();
  /** Time by folder, hooks included, ms. @type {Map<string, number>} */
  #elapsed = new Map();
  #suiteStartedMs = 0;

  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    runner.on(EVENT_TEST_PENDING, (test) => {
      const titles = test.titlePath();
      const reason = titles.findIndex((title) => title.includes('[SKIPPED'));
      const why = (reason === -1 ? titles : titles.slice(0, reason + 1)).join(' › ');
      this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1);
    });
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) this.#suiteStartedMs = performance.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (!suite.parent?.root || suite.file === undefined) return;
      const folder = relative('dist/test', dirname(suite.file));
      const elapsed = performance.now() - this.#suiteStartedMs;
      this.#elapsed.set(folder, (this.#elapsed.get(folder) ?? 0) + elapsed);
    });
    runner.once(EVENT_RUN_END, () => this.#finish());
  }

  #finish() {
    const passed = this.stats.passes;
    const failed = this.stats.failures;
    const skipped = this.stats.pending;
    for (const [why, count] of this.#skipped) console.log(`  SKIPPED ${count} × ${why}`);
    const folders = [...this.#elapsed].sort(([, a], [, b]) => b - a);
    const times = folders.map(([folder, ms]) => `${folder} ${(ms / 1000).toFixed(1)}`);
    console.log(`  seconds by folder: ${times.join(', ')}`);
    const line = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    console.log(`\n  tests: ${line}\n`);
    const file = process.env.NORIKAE_TEST_COUNTS;
    if (file !== undefined && file !== '') {
      writeFileSync(file, `${JSON.stringify({ passed, failed, skipped })}\n`);
    }
    setTimeout(() => {
      const what = process.getActiveResourcesInfo().join(', ');
      console.error(`tests are over but the process does not end; still active: ${what}`);
      process.exit(1);
    }, LINGER_MS).unref();
  }
}

// Mocha takes a reporter from the default export alone.
// oxlint-disable-next-line import/no-default-export
export default CountsReporter;
