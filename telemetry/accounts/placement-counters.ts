import { Placement, PLACEMENT_NAMES, RequestedPlacement } from '../../engine/model/flow.ts';
import { CHANGE_CAUSES, type PlacementChange } from '../../engine/model/placement-change.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import {
  type CauseCount,
  type MoveCount,
  OTHER,
  type ReasonAccount,
  type RuleAccount,
} from './tick-accounts.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const ONLOAD = PLACEMENT_NAMES[Placement.onload];
/** A flow moves from one backend to another through the vSwitch. */
const DIRECTIONS: readonly Pick<MoveCount, 'from' | 'to'>[] = PLACEMENT_NAMES.filter(
  (placement) => placement !== ONLOAD,
).flatMap((placement) => [
  { from: ONLOAD, to: placement },
  { from: placement, to: ONLOAD },
  { from: placement, to: 'gone' },
]);

/** Placement by requested placement; rules without one (`none`) have no account. */
const PLACEMENT_OF_REQUEST = [
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.offload],
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.fastPath],
  PLACEMENT_NAMES[Placement.onload],
] as const;

/** Counts of changes of placement and of live flows by direction, cause, rule and reason. */
export class PlacementCounters {
  readonly moves: readonly MoveCount[];
  readonly causes: readonly CauseCount[];
  readonly reasons: readonly ReasonAccount[];
  /** Moves by {@link directionKey}, causes by name, reasons by code and in the order of REASONS. */
  readonly #moves: ReadonlyMap<string, Mutable<MoveCount>>;
  readonly #causes: ReadonlyMap<string, Mutable<CauseCount>>;
  readonly #byReason: ReadonlyMap<string, Mutable<ReasonAccount>>;
  readonly #reasons: readonly Mutable<ReasonAccount>[];
  readonly #maxNamed: number;
  #followed: readonly RuleInfo[] | undefined;
  #rules: readonly Mutable<RuleAccount>[] = [];
  /** By the value of `decision.rule`. */
  #ruleOf: readonly (Mutable<RuleAccount> | undefined)[] = [];

  /** `maxNamed`: rules with an account each. */
  constructor(maxNamed: number) {
    this.#maxNamed = maxNamed;
    const moves = DIRECTIONS.map((direction) => ({ ...direction, count: 0 }));
    this.moves = moves;
    this.#moves = new Map(moves.map((move) => [directionKey(move), move]));
    const causes = CHANGE_CAUSES.map((cause) => ({ cause, count: 0 }));
    this.causes = causes;
    this.#causes = new Map(causes.map((cause) => [cause.cause, cause]));
    this.#reasons = [...REASONS.map((r) => r.code), 'gone' as const].map((reason) => ({
      reason,
      flows: 0,
      waiting: 0,
      moves: 0,
    }));
    this.reasons = this.#reasons;
    this.#byReason = new Map(this.#reasons.map((reason) => [reason.reason, reason]));
  }

  /** Enforced rules in force, in the order of evaluation. */
  get rules(): readonly RuleAccount[] {
    return this.#rules;
  }

  /** Starts a tick: takes over its rules and sets the counts of live flows to zero. */
  followRules(rules: readonly RuleInfo[]): void {
    if (rules !== this.#followed) this.#replaceRules(rules);
    for (const rule of this.#rules) rule.flows = 0;
    for (const reason of this.#reasons) {
      reason.flows = 0;
      reason.waiting = 0;
    }
  }

  /** Counts a live flow by its rule and reason. */
  countDecision(rule: number, reason: number): void {
    const account = this.#ruleOf[rule];
    if (account !== undefined) account.flows++;
    this.#reasons[reason].flows++;
  }

  /** Counts a live flow for which a rule requests an entry that it does not have. */
  countWaiting(reason: number): void {
    this.#reasons[reason].waiting++;
  }

  /** Counts a change of placement. */
  countChange({ from, to, cause, reason, plannedBy }: PlacementChange): void {
    const move = this.#moves.get(directionKey({ from, to }));
    if (move !== undefined) move.count++;
    const byCause = this.#causes.get(cause);
    if (byCause !== undefined) byCause.count++;
    const byReason = this.#byReason.get(reason);
    if (byReason !== undefined) byReason.moves++;
    // Changes with other causes were not made by the rule.
    const rule = cause === 'policy' ? this.#ruleOf[plannedBy?.rule ?? 0] : undefined;
    if (rule !== undefined) rule.moves++;
  }

  /** Counts an entry that a rule requested and a backend refused. */
  countRefusal(rule: number): void {
    const account = this.#ruleOf[rule];
    if (account !== undefined) account.refusals++;
  }

  /** Rules that remain keep their counts; the counts of the others are dropped. */
  #replaceRules(rules: readonly RuleInfo[]): void {
    this.#followed = rules;
    const known = new Map(this.#rules.map((r) => [r.rule, r]));
    const accounts = new Map<string, Mutable<RuleAccount>>();
    this.#ruleOf = [
      undefined,
      ...rules.map((info) => {
        if (info.mode === 'shadow' || info.requested === RequestedPlacement.none) return undefined;
        const name = accounts.size < this.#maxNamed ? info.name : OTHER;
        const to = PLACEMENT_OF_REQUEST[info.requested];
        const account =
          accounts.get(name) ?? sameRule(known.get(name), to) ?? newRuleAccount(name, to);
        accounts.set(name, account);
        return account;
      }),
    ];
    this.#rules = [...accounts.values()];
  }
}

function directionKey({ from, to }: Pick<MoveCount, 'from' | 'to'>): string {
  return `${from} ${to}`;
}

function sameRule(
  rule: Mutable<RuleAccount> | undefined,
  to: RuleAccount['to'],
): Mutable<RuleAccount> | undefined {
  return rule?.to === to ? rule : undefined;
}

function newRuleAccount(rule: string, to: RuleAccount['to']): Mutable<RuleAccount> {
  return { rule, to, moves: 0, refusals: 0, flows: 0 };
}
