import type { RequestColumns } from '../../engine/model/columns.ts';
import type { RequestedPlacement } from '../../engine/model/flow.ts';
import type { FlowView } from '../model/fact.ts';
import type { EngineCheck } from '../json-rules/engine-check.ts';
import type { RowCondition } from './row-condition.ts';
import type { RowScore } from './score.ts';

/** One rule over many flows at a time. */
export class CompiledRule {
  readonly shadow: boolean;
  /** Settles it for the rows that {@link split} finds, when `split` alone does not. */
  readonly check: EngineCheck | undefined;
  readonly #condition: RowCondition;
  readonly #score: RowScore;
  readonly #scoredByWorth: number;
  readonly #requested: RequestedPlacement;
  readonly #number: number;
  #forAll = false;

  /**
   * `number`: what the column `rule` says of it, 1 or more. With a `check`, `condition` is what
   * must hold before it is worth asking. `scoredByWorth`: its score is the flow's worth as it is.
   */
  constructor(rule: {
    readonly condition: RowCondition;
    readonly check: EngineCheck | undefined;
    readonly score: RowScore;
    readonly scoredByWorth: boolean;
    readonly requested: RequestedPlacement;
    readonly number: number;
    readonly shadow: boolean;
  }) {
    this.shadow = rule.shadow;
    this.check = rule.check;
    this.#condition = rule.condition;
    this.#score = rule.score;
    this.#scoredByWorth = rule.scoredByWorth ? 1 : 0;
    this.#requested = rule.requested;
    this.#number = rule.number;
  }

  /** Takes up the tick that `view` looks at; false: it holds for no flow. */
  begin(view: FlowView): boolean {
    const verdict = this.#condition.begin(view);
    if (verdict === false) return false;
    this.#forAll = verdict === true;
    this.#score.begin(view);
    return true;
  }

  /** Moves those of `rows[from .. to)` for which it holds to the front; returns their end. */
  split(rows: Int32Array, from: number, to: number): number {
    return this.#forAll ? to : this.#condition.split(rows, from, to);
  }

  /** Writes what it asks for `rows[from .. to)`. */
  write(rows: Int32Array, from: number, to: number, into: RequestColumns): void {
    if (from === to) return;
    this.#score.write(rows, from, to, into.score);
    const { requested, rule, scoredByWorth } = into;
    for (let i = from; i < to; i++) {
      requested[rows[i]] = this.#requested;
      rule[rows[i]] = this.#number;
      scoredByWorth[rows[i]] = this.#scoredByWorth;
    }
  }
}
