import { PLACEMENT_NAMES, WISH_NAMES } from '../../engine/model/flow.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/rules/evaluator.ts';
import type { JsonPath } from '../../engine/text/json-document.ts';
import { didYouMean } from '../../engine/text/nearest.ts';
import { duration } from '../view/format.ts';
import type { History, Moment } from './history.ts';
import type { Scenario, ValueReader } from './scenario.ts';
import type { Expectation } from './test-document.ts';

/** An expectation, ready to be held against a history. */
export interface Check {
  readonly path: JsonPath;
  readonly expectation: Expectation;
  readonly flows: readonly number[];
  /** First and last tick, both included. */
  readonly from: number;
  readonly to: number;
  /** Name of the rule, with its policy; null: none; undefined: any. */
  readonly rule: string | null | undefined;
}

/** Makes an expectation ready; what is wrong with it goes to `read.problems`. */
export function checkOf(
  expectation: Expectation,
  path: JsonPath,
  scenario: Scenario,
  rules: readonly RuleInfo[],
  read: ValueReader,
): Check {
  const { at, by, from, to } = expectation;
  if (at !== undefined && (by ?? from ?? to) !== undefined) {
    read.report([...path, 'at'], '"at" is one moment; leave "by", "from" and "to" out');
  }
  if (by !== undefined && to !== undefined) {
    read.report([...path, 'by'], '"by" is the end of a time already; leave "to" out');
  }
  const tickOf = (key: 'at' | 'by' | 'from' | 'to', value: string | number): number => {
    const ms = read.number([...path, key], value, 'ms');
    const tick = Math.floor(ms / scenario.tickMs + 1e-9);
    if (tick < 0)
      read.report([...path, key], 'the first tick is at 0s; there is nothing before it');
    if (tick >= scenario.ticks) {
      const end = duration((scenario.ticks - 1) * scenario.tickMs);
      read.report([...path, key], `the test ends at ${end}, before that`);
    }
    return tick;
  };
  const start = from === undefined ? 0 : tickOf('from', from);
  const last = scenario.ticks - 1;
  const [first, end] =
    at === undefined
      ? [start, by === undefined ? (to === undefined ? last : tickOf('to', to)) : tickOf('by', by)]
      : [tickOf('at', at), tickOf('at', at)];
  if (end < first) read.report(path, 'the time that is meant ends before it begins');
  checkWords(expectation, path, read);
  return {
    path,
    expectation,
    flows: flowsOf(expectation, path, scenario, read),
    from: first,
    to: end,
    rule: ruleOf(expectation, path, rules, read),
  };
}

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

function checkWords(expectation: Expectation, path: JsonPath, read: ValueReader): void {
  const { reason, never, atMostMoves, atLeastMoves, atLeast, atMost, by, at } = expectation;
  const codes = [...new Set<string>(REASONS.map((r) => r.code))];
  if (reason !== undefined && !codes.includes(reason)) {
    const hint = didYouMean(reason, codes) || `; there are ${codes.join(', ')}`;
    read.report([...path, 'reason'], `unknown reason "${reason}"${hint}`);
  }
  const state = asksForState(expectation);
  if (!state && (never ?? atMostMoves ?? atLeastMoves) === undefined) {
    read.report(
      path,
      'nothing is expected; add "placement", "wish", "rule", "reason", "never", "atMostMoves" or "atLeastMoves"',
    );
  }
  if (!state && (atLeast ?? atMost) !== undefined) {
    read.report(
      path,
      '"atLeast" and "atMost" count flows with a "placement", "wish", "rule" or "reason"',
    );
  }
  if (never !== undefined && (by ?? at) !== undefined) {
    read.report([...path, 'never'], '"never" is of a whole time: "from" and "to", or all of it');
  }
}

function asksForState({ placement, wish, rule, reason }: Expectation): boolean {
  return rule !== undefined || (placement ?? wish ?? reason) !== undefined;
}

function flowsOf(
  { flow }: Expectation,
  path: JsonPath,
  { groups }: Scenario,
  read: ValueReader,
): readonly number[] {
  return (typeof flow === 'string' ? [flow] : flow).flatMap((name) => {
    const group = groups.get(name);
    if (group === undefined) {
      const names = [...groups.keys()];
      const hint =
        didYouMean(name, names) || `; there are ${names.map((n) => `"${n}"`).join(', ')}`;
      read.report([...path, 'flow'], `the test has no flow "${name}"${hint}`);
    }
    return group ?? [];
  });
}

function ruleOf(
  { rule }: Expectation,
  path: JsonPath,
  rules: readonly RuleInfo[],
  read: ValueReader,
): string | null | undefined {
  if (rule === undefined || rule === null) return rule;
  const names = rules.map((r) => r.name);
  const found = names.filter((name) => name === rule || name.endsWith(`/${rule}`));
  if (found.length === 1) return found[0];
  if (names.includes(rule)) return rule;
  const hint = didYouMean(rule, [...names, ...names.map((n) => n.slice(n.indexOf('/') + 1))]);
  const choice = hint || `; there are ${names.map((n) => `"${n}"`).join(', ')}`;
  read.report(
    [...path, 'rule'],
    found.length > 1
      ? `"${rule}" can be ${found.map((n) => `"${n}"`).join(' and ')}; write which`
      : `no policy has a rule "${rule}"${choice}`,
  );
  return rule;
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
  const { placement, wish, reason } = check.expectation;
  return (
    (placement === undefined || PLACEMENT_NAMES[moment.placement] === placement) &&
    (wish === undefined || WISH_NAMES[moment.wish] === wish) &&
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
    rule === null ? 'no rule speaks' : `rule ${rule} asks for ${WISH_NAMES[moment.wish]}`;
  return `at "${PLACEMENT_NAMES[moment.placement]}" (${REASONS[moment.reason].code}; ${asked})`;
}

function flowText({ flow }: Expectation): string {
  return typeof flow === 'string'
    ? `flow "${flow}"`
    : `flows ${flow.map((f) => `"${f}"`).join(', ')}`;
}

function wantedText({ expectation, rule }: Check): string {
  const { placement, wish, reason, atLeast, atMost } = expectation;
  const parts = [
    placement === undefined ? '' : `be at "${placement}"`,
    wish === undefined ? '' : `be wished "${wish}"`,
    rule === undefined
      ? ''
      : rule === null
        ? 'have no rule that speaks'
        : `have rule ${rule} speak`,
    reason === undefined ? '' : `have the reason ${reason}`,
  ].filter((part) => part !== '');
  const least = atLeast === undefined ? '' : `at least ${atLeast}`;
  const most = atMost === undefined ? '' : `at most ${atMost}`;
  const count = [least, most].filter((part) => part !== '').join(' and ');
  return `${parts.join(' and ')}${count === '' ? '' : ` (${count} of them)`}`;
}
