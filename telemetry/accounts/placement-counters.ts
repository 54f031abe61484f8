import { Placement, PLACEMENT_NAMES, RequestedPlacement } from '../../engine/model/flow.ts';
import { REASONS, reasonIndex } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import { type MoveCount, OTHER, type ReasonAccount, type RuleAccount } from './tick-accounts.ts';

type Kept<T> = { -readonly [K in keyof T]: T[K] };

/** Index of the reason and the destination of flows that left the vSwitch. */
const GONE_REASON = REASONS.length;
const GONE = PLACEMENT_NAMES.length;
const DESTINATIONS = [...PLACEMENT_NAMES, 'gone'] as const;

const PLACED = reasonIndex('placed');
const RULE_ONLOAD = reasonIndex('rule-onload');

/** Where each requested sends a flow, by requested; none has no rule. */
const PLACEMENT_OF_REQUEST = [
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.offload],
  PLACEMENT_NAMES[Placement.onload],
  PLACEMENT_NAMES[Placement.fastPath],
  PLACEMENT_NAMES[Placement.onload],
] as const;

/** Changes of placement and live flows: by where from and to, by rule and by reason. */
export class PlacementCounters {
  readonly moves: readonly MoveCount[];
  readonly reasons: readonly ReasonAccount[];
  readonly #moves: readonly (readonly Kept<MoveCount>[])[];
  readonly #reasons: readonly Kept<ReasonAccount>[];
  readonly #most: number;
  #inForce: readonly RuleInfo[] | undefined;
  #rules: readonly Kept<RuleAccount>[] = [];
  /** By the value of `decision.rule`. */
  #ruleOf: readonly (Kept<RuleAccount> | undefined)[] = [];

  /** `most`: rules that are kept apart. */
  constructor(most: number) {
    this.#most = most;
    this.#moves = PLACEMENT_NAMES.map((from) => DESTINATIONS.map((to) => ({ from, to, count: 0 })));
    this.moves = this.#moves.flat().filter((m) => m.from !== m.to && isMove(m));
    this.#reasons = [...REASONS.map((r) => r.code), 'gone' as const].map((reason) => ({
      reason,
      flows: 0,
      waiting: 0,
      moves: 0,
    }));
    this.reasons = this.#reasons;
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

  /** A live flow is no longer where it was. */
  moved(from: number, to: number, rule: number, reason: number): void {
    this.#moves[from][to].count++;
    this.#reasons[reason].moves++;
    // For any other reason it was not the rule that led to it.
    const account = this.#ruleOf[rule];
    if (account !== undefined && (reason === PLACED || reason === RULE_ONLOAD)) account.moves++;
  }

  /** A placed flow left the vSwitch. */
  left(from: number): void {
    this.#moves[from][GONE].count++;
    this.#reasons[GONE_REASON].moves++;
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

/** Flows on the vSwitch that leave it are no change of placement. */
function isMove(move: MoveCount): boolean {
  return !(move.from === PLACEMENT_NAMES[Placement.onload] && move.to === 'gone');
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
