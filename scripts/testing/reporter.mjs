// The mocha reporter of a lane: mocha's `spec` while tests run, then the result as a message to the
// parent process, which prints the results of all lanes.
import { dirname, relative } from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import { SUITE_END } from './suite-end.mjs';

const {
  EVENT_RUN_END,
  EVENT_SUITE_BEGIN,
  EVENT_SUITE_END,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = Mocha.Runner.constants;
const { Base, Spec } = Mocha.reporters;

/** Maximum time from the last test to the exit, ms; `lingerMs` in the reporter's options. */
const LINGER_MS = 15_000;

class LaneReporter extends Spec {
  /** Number of skipped tests by reason. @type {Map<string, number>} */
  #skipped = new Map();
  /** Time by folder, hooks included, ms. @type {Map<string, number>} */
  #elapsed = new Map();
  /** @type {Map<string, { passed: number, failed: number, skipped: number }>} */
  #files = new Map();
  #suiteStartedMs = 0;
  #lingerMs;

  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    this.#lingerMs = Number(options.reporterOptions?.lingerMs ?? LINGER_MS);
    // A lane must not outlive its parent process.
    process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
    process.channel?.unref();
    runner.on(EVENT_TEST_PASS, (test) => this.#count(test, 'passed'));
    runner.on(EVENT_TEST_FAIL, (test) => this.#count(test, 'failed'));
    runner.on(EVENT_TEST_PENDING, (test) => {
      this.#count(test, 'skipped');
      const titles = test.titlePath();
      const reason = titles.findIndex((title) => title.includes('[SKIPPED'));
      const why = (reason === -1 ? titles : titles.slice(0, reason + 1)).join(' › ');
      this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1);
    });
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root === true) this.#suiteStartedMs = performance.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root !== true) return;
      process.stdout.write(SUITE_END);
      if (suite.file === undefined) return;
      const folder = relative('dist/test', dirname(suite.file));
      const elapsed = performance.now() - this.#suiteStartedMs;
      this.#elapsed.set(folder, (this.#elapsed.get(folder) ?? 0) + elapsed);
    });
    runner.once(EVENT_RUN_END, () => this.#finish());
  }

  /**
   * Empty: failures are printed when all lanes have ended.
   *
   * @override
   */
  epilogue() {}

  /**
   * @param {Mocha.Runnable} runnable a test, or a hook that failed
   * @param {'passed' | 'failed' | 'skipped'} outcome
   */
  #count(runnable, outcome) {
    // A hook has no file of its own.
    const file = relative('.', runnable.file ?? runnable.parent?.file ?? '');
    const counts = this.#files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    counts[outcome] += 1;
    this.#files.set(file, counts);
  }

  #finish() {
    /** @type {import('./results.mjs').LaneResult} */
    const result = {
      passed: this.stats.passes,
      failed: this.stats.failures,
      skipped: this.stats.pending,
      reasons: [...this.#skipped],
      elapsedMs: [...this.#elapsed],
      files: [...this.#files].map(([file, counts]) => ({ file, ...counts })),
      failures: this.#failureText(),
    };
    process.send?.(result);
    setTimeout(() => {
      const what = process.getActiveResourcesInfo().join(', ');
      console.error(`the tests have ended, but the process does not exit; still active: ${what}`);
      // After mocha's own listener, which sets the exit code to the number of failures.
      process.once('exit', () => {
        process.exitCode = 1;
      });
      process.exit();
    }, this.#lingerMs).unref();
  }

  /** The failures in mocha's format, with differences and stacks. */
  #failureText() {
    if (this.failures.length === 0) return '';
    /** @type {string[]} */
    const lines = [];
    const print = Base.consoleLog;
    Base.consoleLog = (...parts) => lines.push(format(...parts));
    try {
      Base.list(this.failures);
    } finally {
      Base.consoleLog = print;
    }
    return lines.join('\n');
  }
}

// Mocha requires a reporter to be the default export.
// oxlint-disable-next-line import/no-default-export
export default LaneReporter;
