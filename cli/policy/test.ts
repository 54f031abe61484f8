import { type Command, InvalidArgumentError } from 'commander';
import { formatProblem } from '../../text/problem.ts';
import { type ConditionCoverage, Coverage } from '../../policy-tools/testing/coverage.ts';
import { runTestFile, type TestResult } from '../../policy-tools/testing/run-tests.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson } from '../support/json-errors.ts';
import { wholeNumber } from '../support/number-options.ts';
import { testFiles } from '../support/paths.ts';
import { errorMessage } from '../../text/error-message.ts';

const HELP = `
For a folder, runs every NAME.test.json in it; for a policy NAME.json, the NAME.test.json in the same folder.
A test gives flows and node over time; the daemon's engine (rates, rules, planner, reconciler) runs in
simulated time with a table in memory. policies/policy-test.schema.json describes the format and provides
completion in editors.

  "packetsPerSecond": "0+100x30"       from 0 in steps of 100, 31 ticks
  "bitsPerSecond": "600Mbit/s x19 0"   20 ticks of 600 Mbit/s, then nothing to the end
  "bitsPerSecond": "_x9 1Gbit/s"       the flow appears in the eleventh tick

The first tick is at 0s; "at": "1s" is the last tick up to then. A shadow policy is tested as if it were
enforced.

Exit codes: 0 all passed, 1 a test failed or could not run, with --fail-on-empty there was none, or with
--min-coverage too few conditions were covered; 2 usage error.

Examples:
  norikae policy test policies/
  norikae policy test mine.json --run 'mice|elephant' --coverage
  norikae policy test policies/ --fail-on-empty --min-coverage 100     in continuous integration
`;

interface TestOptions {
  readonly run?: RegExp;
  readonly coverage?: boolean;
  /** Minimum coverage, per cent. */
  readonly minCoverage?: number;
  readonly failOnEmpty?: boolean;
  readonly json?: boolean;
}

/** `norikae policy test DIR|FILE...`. */
export function policyTestCommand(command: Command, context: CliContext): void {
  command
    .argument('<path...>', 'folders, policies or test files')
    .option('--run <regexp>', 'run only tests whose names match', parseRegExp)
    .option('--coverage', 'list conditions that were never true or never false')
    .option(
      '--min-coverage <percent>',
      'fail when fewer conditions were both true and false; implies --coverage',
      wholeNumber(0, 100),
    )
    .option('--fail-on-empty', 'fail when there is no test to run')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: TestOptions) => {
      const files = await failingInJson(context, options.json, () => testFiles(paths));
      const { minCoverage } = options;
      const wanted = options.coverage === true || minCoverage !== undefined;
      const coverage = wanted ? new Coverage() : undefined;
      const results: TestResult[] = [];
      for (const file of files) {
        const found = await runTestFile(file, {
          signal: new AbortController().signal,
          ...(options.run === undefined ? {} : { run: options.run }),
          ...(coverage === undefined ? {} : { coverage }),
          ...(options.json === true
            ? {}
            : { onResult: (r) => printLines(context, resultLines(r, context)) }),
        });
        results.push(...found);
      }
      const sums = sumsOf(results);
      const seen = coverage?.report();
      const share = seen === undefined ? 100 : coveredPercent(seen);
      const tooFew = minCoverage !== undefined && share < minCoverage;
      const empty =
        results.length === 0 ? `no test ran: ${emptyBecause(files, options)}` : undefined;
      const emptyFails = empty !== undefined && options.failOnEmpty === true;
      if (options.json === true) {
        printJson(context, {
          ok: sums.failed + sums.errors === 0 && !emptyFails && !tooFew,
          ...(emptyFails ? { error: empty } : {}),
          ...sums,
          results,
          coverage: seen,
          ...(seen === undefined ? {} : { coveredPercent: share }),
        });
      } else {
        printLines(context, [
          ...(seen === undefined ? [] : coverageLines(seen, context)),
          // With --fail-on-empty the error message has this text.
          ...(empty === undefined || emptyFails ? [] : [empty]),
          `${sums.passed} passed, ${sums.failed} failed, ${sums.errors} ${sums.errors === 1 ? 'error' : 'errors'}`,
        ]);
      }
      if (sums.failed + sums.errors > 0) {
        throw new CommandFailed('not all tests passed', ExitCode.failed);
      }
      if (emptyFails) throw new CommandFailed(empty, ExitCode.failed);
      if (tooFew) {
        const message = `the coverage is ${share}%, and --min-coverage requires ${minCoverage}%`;
        throw new CommandFailed(message, ExitCode.failed);
      }
    });
}

function emptyBecause(files: readonly string[], { run }: TestOptions): string {
  if (files.length === 0) return 'there is no file NAME.test.json';
  return run === undefined ? 'the files have no tests' : `no test name matches ${run}`;
}

function sumsOf(results: readonly TestResult[]) {
  const count = (verdict: TestResult['verdict']): number =>
    results.filter((r) => r.verdict === verdict).length;
  return { passed: count('pass'), failed: count('fail'), errors: count('error') };
}

function resultLines(result: TestResult, { stdout }: CliContext): string[] {
  const { colours } = stdout;
  const words = {
    pass: colours.green('PASS '),
    fail: colours.red('FAIL '),
    error: colours.red('ERROR'),
  };
  const place = `${result.file}:${result.line}:${result.column}`;
  const time = colours.dim(`(${Math.round(result.elapsedMs)} ms)`);
  return [
    [words[result.verdict], colours.dim(place), result.name, time]
      .filter((word) => word !== '')
      .join(' '),
    ...result.problems.map((p) => `      ${formatProblem(p)}`),
  ];
}

function coverageLines(seen: readonly ConditionCoverage[], { stdout }: CliContext): string[] {
  const { colours } = stdout;
  const both = seen.filter(isCovered).length;
  const missing = seen.flatMap((c) => {
    const never = [...(c.seenTrue ? [] : ['true']), ...(c.seenFalse ? [] : ['false'])];
    if (never.length === 0) return [];
    const place = `${c.file}:${c.line}:${c.column}`;
    return [
      `      ${place}: ${c.rule}: ${c.condition} ${colours.yellow(`never ${never.join(', never ')}`)}`,
    ];
  });
  return [
    `coverage: ${both} of ${seen.length} conditions were both true and false (${coveredPercent(seen)}%)`,
    ...missing,
  ];
}

function isCovered({ seenTrue, seenFalse }: ConditionCoverage): boolean {
  return seenTrue && seenFalse;
}

/** Share of covered conditions, rounded down: 100 only if none is missing. */
function coveredPercent(seen: readonly ConditionCoverage[]): number {
  if (seen.length === 0) return 100;
  return Math.floor((100 * seen.filter(isCovered).length) / seen.length);
}

function parseRegExp(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    const why = errorMessage(error);
    throw new InvalidArgumentError(`It must be a regular expression. ${why}.`);
  }
}
