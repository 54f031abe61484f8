import { PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import { duration } from '../../text/format.ts';
import { isAboutState, type Check } from './expectations.ts';
import type { History, Moment } from './history.ts';
import type { Expectation } from './test-document.ts';

/** Describes how a check fails; undefined if it passes. */
export function failureOf(
  check: Check,
  history: History,
  rules: readonly RuleInfo[],
  tickMs: number,
): string | undefined {
  const { expectation } = check;
  const subject = flowText(expectation);
  const time = (tick: number): string => duration(tick * tickMs);
  const moves = movesFailure(check, history);
  if (moves !== undefined) return moves;
  if (expectation.never !== undefined) {
    for (let tick = check.from; tick <= check.to; tick++) {
      const present = check.flows.filter((flow) => {
        const moment = history.moment(flow, tick);
        return moment !== undefined && PLACEMENT_NAMES[moment.placement] === expectation.never;
      });
      if (present.length > 0) {
        const now = momentText(history.moment(present[0], tick), rules);
        const it = check.flows.length === 1 ? 'it' : check.labelOf(present[0]);
        return `${subject} should never be at "${expectation.never}"; at ${time(tick)} ${it} is: ${now}`;
      }
    }
  }
  if (!isAboutState(expectation)) return undefined;
  const wanted = wantedText(check);
  let example: string | undefined;
  for (let tick = check.from; tick <= check.to; tick++) {
    const wrong = wrongAt(check, history, rules, tick);
    if (wrong === undefined) {
      if (expectation.by !== undefined) return undefined;
      continue;
    }
    example = `at ${time(tick)} ${wrong}`;
    if (expectation.by === undefined) return `${subject} should ${wanted}; ${example}`;
  }
  if (expectation.by === undefined) return undefined;
  return `${subject} should ${wanted} by ${time(check.to)}; ${example ?? 'no tick is in that time'}`;
}

function movesFailure({ expectation, flows, labelOf, from, to }: Check, history: History) {
  const { atMostMoves, atLeastMoves } = expectation;
  for (const flow of flows) {
    const moves = history.moves(flow, from, to);
    const times = `${labelOf(flow)}: it changes its placement ${moves} ${moves === 1 ? 'time' : 'times'}`;
    if (atMostMoves !== undefined && moves > atMostMoves)
      return `${times}; at most ${atMostMoves} expected`;
    if (atLeastMoves !== undefined && moves < atLeastMoves) {
      return `${times}; at least ${atLeastMoves} expected`;
    }
  }
  return undefined;
}

/** Describes how a check fails in one tick; undefined if it holds. Absent flows do not count. */
function wrongAt(
  check: Check,
  history: History,
  rules: readonly RuleInfo[],
  tick: number,
): string | undefined {
  const { atLeast, atMost, at } = check.expectation;
  const present = check.flows.flatMap((flow) => {
    const moment = history.moment(flow, tick);
    return moment === undefined ? [] : [{ flow, moment }];
  });
  const matching = present.filter(({ moment }) => holds(check, moment, rules));
  if (atLeast !== undefined || atMost !== undefined) {
    if (
      matching.length >= (atLeast ?? 0) &&
      matching.length <= (atMost ?? Number.POSITIVE_INFINITY)
    ) {
      return undefined;
    }
    return `${matching.length} of ${present.length} ${matching.length === 1 ? 'does' : 'do'}`;
  }
  if (present.length === 0) {
    const needed = at !== undefined || check.expectation.by !== undefined;
    return needed ? 'it is not on the node' : undefined;
  }
  const wrong = present.find(({ moment }) => !holds(check, moment, rules));
  if (wrong === undefined) return undefined;
  const is = `is ${momentText(wrong.moment, rules)}`;
  if (check.flows.length === 1) return `it ${is}`;
  const count = present.length - matching.length;
  return `${count} of ${present.length} do not: ${check.labelOf(wrong.flow)} ${is}`;
}

function holds(check: Check, moment: Moment, rules: readonly RuleInfo[]): boolean {
  const { placement, requested, reason } = check.expectation;
  return (
    (placement === undefined || PLACEMENT_NAMES[moment.placement] === placement) &&
    (requested === undefined || REQUESTED_PLACEMENT_NAMES[moment.requested] === requested) &&
    (reason === undefined || REASONS[moment.reason].code === reason) &&
    (check.rule === undefined || ruleName(moment, rules) === check.rule)
  );
}

function ruleName({ rule }: Moment, rules: readonly RuleInfo[]): string | null {
  return rules.at(rule - 1)?.name !== undefined && rule > 0 ? rules[rule - 1].name : null;
}

function momentText(moment: Moment | undefined, rules: readonly RuleInfo[]): string {
  if (moment === undefined) return 'not on the node';
  const rule = ruleName(moment, rules);
  const decision =
    rule === null
      ? 'no rule decides it'
      : `rule ${rule} requests ${REQUESTED_PLACEMENT_NAMES[moment.requested]}`;
  return `at "${PLACEMENT_NAMES[moment.placement]}" (${REASONS[moment.reason].code}; ${decision})`;
}

function flowText({ flow }: Expectation): string {
  return typeof flow === 'string'
    ? `flow "${flow}"`
    : `flows ${flow.map((f) => `"${f}"`).join(', ')}`;
}

function wantedText({ expectation, rule }: Check): string {
  const { placement, requested, reason, atLeast, atMost } = expectation;
  const parts = [
    placement === undefined ? '' : `be at "${placement}"`,
    requested === undefined ? '' : `be requested "${requested}"`,
    rule === undefined
      ? ''
      : rule === null
        ? 'be decided by no rule'
        : `be decided by rule ${rule}`,
    reason === undefined ? '' : `have the reason ${reason}`,
  ].filter((part) => part !== '');
  const least = atLeast === undefined ? '' : `at least ${atLeast}`;
  const most = atMost === undefined ? '' : `at most ${atMost}`;
  const count = [least, most].filter((part) => part !== '').join(' and ');
  return `${parts.join(' and ')}${count === '' ? '' : ` (${count} of them)`}`;
}
