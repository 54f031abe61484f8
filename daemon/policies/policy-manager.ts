import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { Engine } from '../../engine/loop/engine.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import { formatProblem } from '../../text/problem.ts';
import type { ReloadView } from '../../api/command-views.ts';
import type { MarkPhase } from '../../platform/watchdog/phases.ts';
import type { Log } from '../../platform/log.ts';
import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { checkPolicies, readTextFile } from '../../policy-tools/files/policy-files.ts';
import { PoliciesUnusable } from './policies-unusable.ts';
import { runTestFile, TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';

/** Possible results of a reload. */
export const RELOAD_RESULTS = ['in-force', 'invalid', 'tests-failed'] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];

/** A reading of the policies and its result. */
export interface Reload {
  /** Ms since 1970. */
  readonly atMs: number;
  readonly result: ReloadResult;
  /** True for the reading at the start. */
  readonly first: boolean;
}

/** Options of {@link PolicyManager}. */
export interface PolicyManagerOptions {
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Maximum time for the tests of the policies, ms of real time; default 30 s. */
  readonly testTimeoutMs?: number;
  /** Called after every reading, including the first. */
  readonly onReload?: (reload: Reload, inForce: PolicySet) => void;
  /** Marks a reload, for the watchdog. */
  readonly mark?: MarkPhase;
}

/** Maximum problems that are kept and logged. */
const MAX_PROBLEMS = 50;

/** The texts that were read, by absolute path, so that tests run on the texts that were checked. */
type Texts = Map<string, string>;

/**
 * Keeps the engine's rules in step with the policy files. Changed files are checked and their tests
 * run; then the new rules come into force between two ticks. On an error the change is refused, and
 * the last valid policies stay in force.
 *
 * At the start the policies are checked but not tested, so that a failing test cannot keep the
 * daemon from starting.
 */
export class PolicyManager {
  readonly files: readonly string[];
  readonly #options: PolicyManagerOptions;
  readonly #serial = new SerialQueue();
  readonly #revisions = new WeakMap<RuleEvaluator, ReadonlyMap<string, string>>();
  #engine: Engine | undefined;
  #inForce: PolicySet | undefined;
  #sinceMs = 0;
  #lastReload: Reload | undefined;
  #problems: readonly string[] = [];
  /** Hash of the texts that were read last, valid or not. */
  #lastRead = '';

  constructor(options: PolicyManagerOptions) {
    this.#options = options;
    this.files = options.files;
  }

  /** The policies in force; undefined before {@link load}. */
  get inForce(): PolicySet | undefined {
    return this.#inForce;
  }

  /** When the policies came into force, ms since 1970. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** The last reload; undefined: only the first reading so far. */
  get lastReload(): Reload | undefined {
    return this.#lastReload;
  }

  /** Problems of the last reading. While there are any, the rules in force are older. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Policy files and their test files, whether those exist or not. */
  get watchedFiles(): readonly string[] {
    return [...this.files, ...this.files.map(testFileOf)];
  }

  /**
   * Reads the files for the first time.
   *
   * @throws {PoliciesUnusable} with every problem, as `file:line:column: what is wrong`
   */
  load(): Promise<RuleEvaluator> {
    return this.#serial.run(async () => {
      const { texts, checked } = await this.#read();
      if (!checked.ok) throw new PoliciesUnusable(checked.problems.map(formatProblem));
      this.#lastRead = hashOf(texts);
      this.#accept(checked.policies);
      this.#options.onReload?.(
        { atMs: this.#sinceMs, result: 'in-force', first: true },
        checked.policies,
      );
      return this.#evaluator(checked.policies);
    });
  }

  /** Revisions of the policies in an evaluator of this manager, by name. */
  revisionsOf(evaluator: RuleEvaluator): ReadonlyMap<string, string> {
    return this.#revisions.get(evaluator) ?? new Map();
  }

  /** Sets the engine whose rules a reload replaces. */
  attach(engine: Engine): void {
    this.#engine = engine;
  }

  /** Reads the files again, even if they have not changed. */
  reload(): Promise<ReloadView> {
    return this.#serial.run(() => this.#reload());
  }

  /** Reads the files again if they differ from the last reading. */
  reloadChanged(): Promise<void> {
    return this.#serial.run(async () => {
      const texts: Texts = new Map();
      await Promise.all(this.watchedFiles.map((file) => readInto(texts, file).catch(() => '')));
      if (hashOf(texts) !== this.#lastRead) await this.#reload();
    });
  }

  async #reload(): Promise<ReloadView> {
    this.#options.mark?.('reloading policies');
    const { log } = this.#options;
    const { texts, checked } = await this.#read();
    this.#lastRead = hashOf(texts);
    if (!checked.ok) {
      return this.#refuse('invalid', checked.problems.map(formatProblem));
    }
    const failures = await this.#test(texts);
    if (failures.length > 0) return this.#refuse('tests-failed', failures);
    const evaluator = this.#evaluator(checked.policies);
    this.#engine?.useRules(evaluator);
    this.#accept(checked.policies);
    this.#finishReload('in-force');
    const { revision } = checked.policies;
    log.info({ rules: evaluator.rules.length, revision }, 'policies reloaded');
    return { ok: true, rules: evaluator.rules.length };
  }

  /** Reads the policies and their tests once. */
  async #read() {
    const texts: Texts = new Map();
    const checked = await checkPolicies(this.files, (file) => readInto(texts, file));
    // Tests are optional.
    for (const file of this.files) await readInto(texts, testFileOf(file)).catch(() => undefined);
    return { texts, checked };
  }

  /** Runs the policies' tests; resolves to the failures. */
  async #test(texts: Texts): Promise<readonly string[]> {
    const timeoutMs = this.#options.testTimeoutMs ?? 30_000;
    const signal = AbortSignal.timeout(timeoutMs);
    const read = async (file: string): Promise<string> =>
      texts.get(resolve(file)) ?? readTextFile(file);
    const files = this.files.map(testFileOf).filter((file) => texts.has(resolve(file)));
    try {
      const results = [];
      for (const file of files) results.push(...(await runTestFile(file, { signal, read })));
      return results.flatMap((result) =>
        result.problems.map((p) => `${formatProblem(p)}${inTest(result.name)}`),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      return [`${basename(files[0])}: the tests took longer than ${timeoutMs} ms`];
    }
  }

  #evaluator(policies: PolicySet): RuleEvaluator {
    const evaluator = createEvaluator(policies, this.#options.clock);
    this.#revisions.set(evaluator, new Map(policies.policies.map((p) => [p.name, p.revision])));
    return evaluator;
  }

  #accept(policies: PolicySet): void {
    this.#inForce = policies;
    this.#sinceMs = Date.now();
    this.#problems = [];
  }

  #refuse(result: ReloadResult, problems: readonly string[]): ReloadView {
    const shown = problems.slice(0, MAX_PROBLEMS);
    const more = problems.length - shown.length;
    this.#problems = more === 0 ? shown : [...shown, `and ${more} more`];
    const message = 'policies not reloaded; the last valid ones stay in force';
    this.#options.log.error({ result, problems: this.#problems }, message);
    this.#finishReload(result);
    return { ok: false, problems: this.#problems };
  }

  #finishReload(result: ReloadResult): void {
    this.#lastReload = { atMs: Date.now(), result, first: false };
    if (this.#inForce !== undefined) this.#options.onReload?.(this.#lastReload, this.#inForce);
  }
}

function testFileOf(file: string): string {
  return file.replace(/(\.json)?$/, TEST_SUFFIX);
}

async function readInto(texts: Texts, file: string): Promise<string> {
  const text = await readTextFile(file);
  texts.set(resolve(file), text);
  return text;
}

function hashOf(texts: Texts): string {
  const hash = createHash('sha256');
  for (const [file, text] of [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${file}\0${text.length}\0${text}\0`);
  }
  return hash.digest('hex');
}

function inTest(name: string): string {
  return name === '' ? '' : ` (test "${name}")`;
}
