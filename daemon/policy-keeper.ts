import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { RuleEvaluator } from '../engine/rules/evaluator.ts';
import type { PolicySet } from '../engine/rules/policy.ts';
import type { ReloadView } from './control/view.ts';
import type { Log } from './log.ts';
import { createEvaluator } from './policy-evaluator.ts';
import { PolicyFiles } from './policy-files.ts';

/** The policy files are not good, and there are no good ones from before. */
export class PoliciesUnusable extends Error {
  override readonly name = 'PoliciesUnusable';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the policies cannot be used:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** What a {@link PolicyKeeper} needs. */
export interface PolicyKeeperOptions {
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the engine's rules to the policy files: the last good ones stay in force. */
export class PolicyKeeper {
  readonly #files: PolicyFiles;
  readonly #options: PolicyKeeperOptions;
  #engine: Engine | undefined;

  constructor(options: PolicyKeeperOptions) {
    this.#options = options;
    this.#files = new PolicyFiles(options.files);
  }

  /** Problems of the last reading; while there are any, the rules in force are older. */
  get problems(): readonly string[] {
    return this.#files.problems;
  }

  /**
   * Reads the files for the first time.
   *
   * @throws {PoliciesUnusable} with every problem, as `file:line:column: what is wrong`
   */
  async first(): Promise<RuleEvaluator> {
    const reading = await this.#files.read();
    if (!reading.ok) throw new PoliciesUnusable(reading.problems);
    return this.#evaluator(reading.policies);
  }

  /** Names the engine whose rules are swapped by {@link reload}. */
  serve(engine: Engine): void {
    this.#engine = engine;
  }

  /** Reads the files again; the next tick uses them, or the ones in force stay. */
  async reload(): Promise<ReloadView> {
    const { log } = this.#options;
    const reading = await this.#files.read();
    if (!reading.ok) {
      log.error(
        { problems: reading.problems },
        'policies not reloaded; the last good ones stay in force',
      );
      return reading;
    }
    const evaluator = this.#evaluator(reading.policies);
    this.#engine?.useRules(evaluator);
    log.info({ rules: evaluator.rules.length }, 'policies reloaded');
    return { ok: true, rules: evaluator.rules.length };
  }

  #evaluator(policies: PolicySet): RuleEvaluator {
    return createEvaluator(policies, this.#options.clock);
  }
}
