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

type Kept<T> = { -readonly [K in keyof T]: T[K] };

const ONLOAD = PLACEMENT_NAMES[Placement.onload];
/** A flow goes from one backend to another by way of the vSwitch. */
const WAYS: readonly Pick<MoveCount, 'from' | 'to'>[] = PLACEMENT_NAMES.filter(
  (placement) => placement !== ONLOAD,
).flatMap((placement) => [
  { from: ONLOAD, to: placement },
  { from: placement, to: ONLOAD },
  { from: placement, to: 'gone' },
]);

/** Where each requested sends a flow, by requested; none has no rule. */
const PLACEMENT_OF_REQUEST = [
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.offload],
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.fastPath],
  PLACEMENT_NAMES[Placement.onload],
] as const;

/** Changes of placement and live flows: by where from and to, by cause, by rule and by reason. */
export class PlacementCounters {
  readonly moves: readonly MoveCount[];
  readonly causes: readonly CauseCount[];
  readonly reasons: readonly ReasonAccount[];
  /** By from and to; by cause; and the reasons by code, as well as in the order of REASONS. */
  readonly #moves: ReadonlyMap<string, Kept<MoveCount>>;
  readonly #causes: ReadonlyMap<string, Kept<CauseCount>>;
  readonly #byReason: ReadonlyMap<string, Kept<ReasonAccount>>;
  readonly #reasons: readonly Kept<ReasonAccount>[];
  readonly #most: number;
  #inForce: readonly RuleInfo[] | undefined;
  #rules: readonly Kept<RuleAccount>[] = [];
  /** By the value of `decision.rule`. */
  #ruleOf: readonly (Kept<RuleAccount> | undefined)[] = [];

  /** `most`: rules that are kept apart. */
  constructor(most: number) {
    this.#most = most;
    const moves = WAYS.map((way) => ({ ...way, count: 0 }));
    this.moves = moves;
    this.#moves = new Map(moves.map((move) => [wayKey(move), move]));
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

  /** Enforced rules in force, in speaking order. */
  get rules(): readonly RuleAccount[] {
    return this.#rules;
  }

  /** Follows the rules of a tick, and counts its flows anew. */
  begin(rules: readonly RuleInfo[]): void {
    if (rules !== this.#inForce) this.#follow(rules);
    for (const rule of this.#rules) rule.flows = 0;
    for (const reason of this.#reasons) {
      reason.flows = 0;
      reason.waiting = 0;
    }
  }

  /** A live flow. */
  count(rule: number, reason: number): void {
    const account = this.#ruleOf[rule];
    if (account !== undefined) account.flows++;
    this.#reasons[reason].flows++;
  }

  /** A live flow has no entry, and a rule asks for one. */
  waits(reason: number): void {
    this.#reasons[reason].waiting++;
  }

  /** A flow is no longer where it was. */
  changed({ from, to, cause, reason, plannedBy }: PlacementChange): void {
    const move = this.#moves.get(wayKey({ from, to }));
    if (move !== undefined) move.count++;
    const byCause = this.#causes.get(cause);
    if (byCause !== undefined) byCause.count++;
    const byReason = this.#byReason.get(reason);
    if (byReason !== undefined) byReason.moves++;
    // For any other cause it was not the rule that led to it.
    const rule = cause === 'policy' ? this.#ruleOf[plannedBy?.rule ?? 0] : undefined;
    if (rule !== undefined) rule.moves++;
  }

  /** A backend refused an entry that a rule asked for. */
  refused(rule: number): void {
    const account = this.#ruleOf[rule];
    if (account !== undefined) account.refusals++;
  }

  /** Rules that stay keep their counts; those that go take them along. */
  #follow(rules: readonly RuleInfo[]): void {
    this.#inForce = rules;
    const known = new Map(this.#rules.map((r) => [r.rule, r]));
    const accounts = new Map<string, Kept<RuleAccount>>();
    this.#ruleOf = [
      undefined,
      ...rules.map((info) => {
        if (info.mode === 'shadow' || info.requested === RequestedPlacement.none) return undefined;
        const name = accounts.size < this.#most ? info.name : OTHER;
        const to = PLACEMENT_OF_REQUEST[info.requested];
        const account = accounts.get(name) ?? sameRule(known.get(name), to) ?? noMoves(name, to);
        accounts.set(name, account);
        return account;
      }),
    ];
    this.#rules = [...accounts.values()];
  }
}

function wayKey({ from, to }: Pick<MoveCount, 'from' | 'to'>): string {
  return `${from} ${to}`;
}

function sameRule(
  rule: Kept<RuleAccount> | undefined,
  to: RuleAccount['to'],
): Kept<RuleAccount> | undefined {
  return rule?.to === to ? rule : undefined;
}

function noMoves(rule: string, to: RuleAccount['to']): Kept<RuleAccount> {
  return { rule, to, moves: 0, refusals: 0, flows: 0 };
}
