import { PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import { duration } from '../../text/format.ts';
import { asksForState, type Check } from './expectations.ts';
import type { History, Moment } from './history.ts';
import type { Expectation } from './test-document.ts';

/** What is not as it should be, as a sentence; undefined: all is well. */
export function failureOf(
  check: Check,
  history: History,
  rules: readonly RuleInfo[],
  tickMs: number,
): string | undefined {
  const { expectation } = check;
  const who = flowText(expectation);
  const time = (tick: number): string => duration(tick * tickMs);
  const moves = movesFailure(check, history);
  if (moves !== undefined) return `${who}: ${moves}`;
  if (expectation.never !== undefined) {
    for (let tick = check.from; tick <= check.to; tick++) {
      const there = check.flows.filter((flow) => {
        const moment = history.moment(flow, tick);
        return moment !== undefined && PLACEMENT_NAMES[moment.placement] === expectation.never;
      });
      if (there.length > 0) {
        const now = momentText(history.moment(there[0], tick), rules);
        return `${who} should never be at "${expectation.never}"; at ${time(tick)} it is: ${now}`;
      }
    }
  }
  if (!asksForState(expectation)) return undefined;
  const wanted = wantedText(check);
  let example: string | undefined;
  for (let tick = check.from; tick <= check.to; tick++) {
    const wrong = wrongAt(check, history, rules, tick);
    if (wrong === undefined) {
      if (expectation.by !== undefined) return undefined;
      continue;
    }
    example = `at ${time(tick)} ${wrong}`;
    if (expectation.by === undefined) return `${who} should ${wanted}; ${example}`;
  }
  if (expectation.by === undefined) return undefined;
  return `${who} should ${wanted} by ${time(check.to)}; ${example ?? 'there is no such time'}`;
}

function movesFailure({ expectation, flows, from, to }: Check, history: History) {
  const { atMostMoves, atLeastMoves } = expectation;
  for (const flow of flows) {
    const moves = history.moves(flow, from, to);
    const times = `it changes its placement ${moves} ${moves === 1 ? 'time' : 'times'}`;
    if (atMostMoves !== undefined && moves > atMostMoves) return `${times}, ${atMostMoves} at most`;
    if (atLeastMoves !== undefined && moves < atLeastMoves) {
      return `${times}, ${atLeastMoves} at least`;
    }
  }
  return undefined;
}

/** What is wrong in one tick; undefined: nothing. Flows that are not there count for nothing. */
function wrongAt(
  check: Check,
  history: History,
  rules: readonly RuleInfo[],
  tick: number,
): string | undefined {
  const { atLeast, atMost, at } = check.expectation;
  const there = check.flows.flatMap((flow) => history.moment(flow, tick) ?? []);
  const right = there.filter((moment) => holds(check, moment, rules));
  if (atLeast !== undefined || atMost !== undefined) {
    if (right.length >= (atLeast ?? 0) && right.length <= (atMost ?? Number.POSITIVE_INFINITY)) {
      return undefined;
    }
    return `${right.length} of ${there.length} ${right.length === 1 ? 'does' : 'do'}`;
  }
  if (there.length === 0) {
    const needed = at !== undefined || check.expectation.by !== undefined;
    return needed ? 'it is not on the node' : undefined;
  }
  const wrong = there.find((moment) => !holds(check, moment, rules));
  if (wrong === undefined) return undefined;
  const many =
    check.flows.length === 1
      ? ''
      : `${there.length - right.length} of ${there.length} do not; one `;
  return `${many === '' ? 'it ' : many}is ${momentText(wrong, rules)}`;
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
  const asked =
    rule === null
      ? 'no rule decides it'
      : `rule ${rule} requests ${REQUESTED_PLACEMENT_NAMES[moment.requested]}`;
  return `at "${PLACEMENT_NAMES[moment.placement]}" (${REASONS[moment.reason].code}; ${asked})`;
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
