// The mocha reporter of `npm test`: mocha's own `spec`, then every skipped test with its reason,
// then the counts in one line, and in the file NORIKAE_TEST_COUNTS when that is set.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** How long the process may live on after its last test, ms. */
const LINGER_MS = 15_000;

class CountsReporter extends Mocha.reporters.Spec {
  /** @type {Map<string, number>} */
  #skipped = new Map();

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
    runner.once(EVENT_RUN_END, () => this.#finish());
  }

  #finish() {
    const passed = this.stats.passes;
    const failed = this.stats.failures;
    const skipped = this.stats.pending;
    for (const [why, count] of this.#skipped) console.log(`  SKIPPED ${count} × ${why}`);
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
