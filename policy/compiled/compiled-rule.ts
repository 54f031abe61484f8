import type { RequestColumns } from '../../engine/model/columns.ts';
import type { RequestedPlacement } from '../../engine/model/flow.ts';
import type { FlowView } from '../model/fact.ts';
import type { EngineCheck } from '../json-rules/engine-check.ts';
import type { RowCondition } from './row-condition.ts';
import type { RowScore } from './score.ts';

/** A rule, evaluated for many flows at a time. */
export class CompiledRule {
  readonly shadow: boolean;
  /** Decides for the rows that {@link split} finds, if the rule needs a query. */
  readonly check: EngineCheck | undefined;
  readonly #condition: RowCondition;
  readonly #score: RowScore;
  readonly #scoredByWorth: number;
  readonly #requested: RequestedPlacement;
  readonly #number: number;
  #forAll = false;

  /**
   * `number`: value in the column `rule`, from 1. With a `check`, `condition` selects the flows for
   * which the check runs. `scoredByWorth`: the score is the flow's worth itself.
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

  /** Prepares for the view's tick; false if the rule holds for no flow. */
  prepare(view: FlowView): boolean {
    const verdict = this.#condition.prepare(view);
    if (verdict === false) return false;
    this.#forAll = verdict === true;
    this.#score.prepare(view);
    return true;
  }

  /** Moves the rows of `rows[from .. to)` that match to the front; returns their end. */
  split(rows: Int32Array, from: number, to: number): number {
    return this.#forAll ? to : this.#condition.split(rows, from, to);
  }

  /** Writes the rule's request for `rows[from .. to)`. */
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
