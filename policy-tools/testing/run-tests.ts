import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parsePolicies, type PolicyText } from '../../policy/parse/parse-policies.ts';
import { type PolicySet } from '../../policy/model/policy-set.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';
import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { byPlace, formatProblem, type Problem } from '../../text/problem.ts';
import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { type Coverage, withCoverage } from './coverage.ts';
import { enforced } from '../../policy/model/enforced.ts';
import { checkOf } from './expectations.ts';
import { failureOf } from './failures.ts';
import { scenarioOf } from './scenario.ts';
import { SimulatedClock } from '../../simulation/simulated-clock.ts';
import { Simulation } from './simulation.ts';
import { readTestDocument, type TestDocument } from './test-document.ts';
import { ValueReader } from './value-reader.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Result of one test. */
export interface TestResult {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Empty for an error of the whole file. */
  readonly name: string;
  /** `error`: the test could not run. */
  readonly verdict: 'pass' | 'fail' | 'error';
  /** Failures at the positions of their expectations, or errors. */
  readonly problems: readonly Problem[];
  readonly elapsedMs: number;
}

/** Options of {@link runTestFile}. */
export interface RunOptions {
  /** Runs only tests whose name matches. */
  readonly run?: RegExp;
  readonly coverage?: Coverage;
  readonly signal: AbortSignal;
  /** Reads a file; rejects if it cannot be read. */
  readonly read?: (file: string) => Promise<string>;
  /** Called after each test. */
  readonly onResult?: (result: TestResult) => void;
}

/** The tests of `NAME.json` are in `NAME.test.json` in the same directory. */
export const TEST_SUFFIX = '.test.json';

/** Runs the tests of a file. Rejects only if `signal` aborts. */
export async function runTestFile(file: string, options: RunOptions): Promise<TestResult[]> {
  const results: TestResult[] = [];
  const addResult = (result: TestResult): void => {
    results.push(result);
    options.onResult?.(result);
  };
  const failed = (problems: readonly Problem[]): void => {
    // Problems of a policy have positions in the policy file, not in the test file.
    const { line, column } = problems[0].file === file ? problems[0] : { line: 1, column: 1 };
    addResult({ file, line, column, name: '', verdict: 'error', problems, elapsedMs: 0 });
  };
  const read = options.read ?? ((path: string) => readFile(path, 'utf8'));
  let text: string;
  try {
    text = await read(file);
  } catch (error) {
    failed([unreadable(file, error)]);
    return results;
  }
  const parsed = readTestDocument(file, text);
  if (!parsed.ok) {
    failed(parsed.problems);
    return results;
  }
  const loaded = await loadPolicies(file, parsed.tests, parsed.document, read);
  if (!('policies' in loaded)) {
    failed(loaded.problems);
    return results;
  }
  for (const i of parsed.tests.tests.keys()) {
    const { name } = parsed.tests.tests[i];
    if (options.run !== undefined && !options.run.test(name)) continue;
    addResult(await runTest(file, parsed.document, parsed.tests, i, loaded.policies, options));
  }
  return results;
}

async function runTest(
  file: string,
  document: JsonDocument,
  tests: TestDocument,
  index: number,
  policies: PolicySet,
  options: RunOptions,
): Promise<TestResult> {
  const startedMs = performance.now();
  const test = tests.tests[index];
  const path: JsonPath = ['tests', index];
  const { line, column } = document.problemAt([...path, 'name'], '');
  const result = (verdict: TestResult['verdict'], problems: readonly Problem[]): TestResult => {
    const elapsedMs = performance.now() - startedMs;
    return { file, line, column, name: test.name, verdict, problems, elapsedMs };
  };

  const read = new ValueReader(document);
  const scenario = scenarioOf(tests, test, path, read);
  const clock = new SimulatedClock();
  const own = createEvaluator(policies, clock);
  const { coverage } = options;
  using evaluator = coverage === undefined ? own : withCoverage(own, policies, coverage);
  const checks = test.expect.map((expectation, i) =>
    checkOf(expectation, [...path, 'expect', i], scenario, evaluator.rules, read),
  );
  if (read.problems.length > 0) return result('error', distinct(read.problems));
  try {
    const history = await new Simulation(scenario, evaluator, clock).run(options.signal);
    const problems = checks.flatMap((check) => {
      const failure = failureOf(check, history, evaluator.rules, scenario.tickMs);
      if (failure === undefined) return [];
      const { description } = check.expectation;
      const message = description === undefined ? failure : `${failure} (${description})`;
      return [document.problemAt(check.path, message)];
    });
    return result(problems.length === 0 ? 'pass' : 'fail', problems);
  } catch (error) {
    options.signal.throwIfAborted();
    const why = errorMessage(error);
    return result('error', [document.problemAt(path, `the test could not run: ${why}`)]);
  }
}

/** Loads the policies of a test file; shadow policies are tested as if they were enforced. */
async function loadPolicies(
  file: string,
  tests: TestDocument,
  document: JsonDocument,
  read: (file: string) => Promise<string>,
): Promise<{ policies: PolicySet } | { problems: readonly Problem[] }> {
  const samePolicy = `${basename(file).slice(0, -TEST_SUFFIX.length)}.json`;
  const names = tests.policies ?? (file.endsWith(TEST_SUFFIX) ? [samePolicy] : []);
  if (names.length === 0) {
    const message = `list the policies in "policies", or name the file POLICY${TEST_SUFFIX}`;
    return { problems: [document.problemAt([], message)] };
  }
  const texts: PolicyText[] = [];
  const problems: Problem[] = [];
  for (const [i, name] of names.entries()) {
    const path = join(dirname(file), name);
    try {
      texts.push({ file: path, text: await read(path) });
    } catch (error) {
      problems.push(document.problemAt(['policies', i], unreadable(path, error).message));
    }
  }
  if (problems.length > 0) return { problems };
  try {
    return { policies: enforced(parsePolicies(texts)) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { problems: error.problems };
  }
}

function unreadable(file: string, error: unknown): Problem {
  const why = errorMessage(error);
  return { file, line: 1, column: 1, message: `${file} cannot be read: ${why}` };
}

/** Removes duplicates: several values of a test can have the same problem. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((p) => [formatProblem(p), p])).values()].toSorted(byPlace);
}
