import { REASONS } from '../../engine/model/reason.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import { duration } from '../../text/format.ts';
import type { Scenario } from './scenario.ts';
import type { Expectation } from './test-document.ts';
import type { ValueReader } from './value-reader.ts';

/** A validated expectation. */
export interface Check {
  readonly path: JsonPath;
  readonly expectation: Expectation;
  readonly flows: readonly number[];
  /** Names one of several flows: `flow "mice" (3 of 20)`. */
  readonly labelOf: (flow: number) => string;
  /** First and last tick, inclusive. */
  readonly from: number;
  readonly to: number;
  /** Name of the rule, `policy/rule`; null: no rule; undefined: any. */
  readonly rule: string | null | undefined;
}

/** Validates an expectation; problems go to `read.problems`. */
export function checkOf(
  expectation: Expectation,
  path: JsonPath,
  scenario: Scenario,
  rules: readonly RuleInfo[],
  read: ValueReader,
): Check {
  const { at, by, from, to } = expectation;
  if (at !== undefined && (by ?? from ?? to) !== undefined) {
    read.report([...path, 'at'], '"at" cannot be combined with "by", "from" or "to"');
  }
  if (by !== undefined && to !== undefined) {
    read.report([...path, 'by'], '"by" cannot be combined with "to"');
  }
  const tickOf = (key: 'at' | 'by' | 'from' | 'to', value: string | number): number => {
    const ms = read.number([...path, key], value, 'ms');
    const tick = Math.floor(ms / scenario.tickMs + 1e-9);
    if (tick < 0) read.report([...path, key], 'the time is before the first tick, which is at 0s');
    if (tick >= scenario.ticks) {
      const end = duration((scenario.ticks - 1) * scenario.tickMs);
      read.report([...path, key], `the time is after the end of the test at ${end}`);
    }
    return tick;
  };
  const start = from === undefined ? 0 : tickOf('from', from);
  const last = scenario.ticks - 1;
  const [first, end] =
    at === undefined
      ? [start, by === undefined ? (to === undefined ? last : tickOf('to', to)) : tickOf('by', by)]
      : [tickOf('at', at), tickOf('at', at)];
  if (end < first) read.report(path, 'the time ends before it begins');
  checkKeys(expectation, path, read);
  return {
    path,
    expectation,
    flows: flowsOf(expectation, path, scenario, read),
    labelOf: (flow) => labelOf(flow, scenario),
    from: first,
    to: end,
    rule: ruleOf(expectation, path, rules, read),
  };
}

/** The name of a flow, and its number in a group of several. */
function labelOf(flow: number, { groups }: Scenario): string {
  for (const [name, flows] of groups) {
    const at = flows.indexOf(flow);
    if (at === -1) continue;
    return flows.length === 1 ? `flow "${name}"` : `flow "${name}" (${at + 1} of ${flows.length})`;
  }
  return 'a flow';
}

function checkKeys(expectation: Expectation, path: JsonPath, read: ValueReader): void {
  const { reason, never, atMostMoves, atLeastMoves, atLeast, atMost, by, at } = expectation;
  const codes = [...new Set<string>(REASONS.map((r) => r.code))];
  if (reason !== undefined && !codes.includes(reason)) {
    const hint = didYouMean(reason, codes) || `; reasons are ${codes.join(', ')}`;
    read.report([...path, 'reason'], `unknown reason "${reason}"${hint}`);
  }
  const state = isAboutState(expectation);
  if (!state && (never ?? atMostMoves ?? atLeastMoves) === undefined) {
    read.report(
      path,
      'nothing is expected; add "placement", "requested", "rule", "reason", "never", "atMostMoves" or "atLeastMoves"',
    );
  }
  if (!state && (atLeast ?? atMost) !== undefined) {
    read.report(
      path,
      '"atLeast" and "atMost" count flows with a "placement", "requested", "rule" or "reason"',
    );
  }
  if (never !== undefined && (by ?? at) !== undefined) {
    read.report(
      [...path, 'never'],
      '"never" takes "from" and "to"; without them it applies to the whole test',
    );
  }
}

/** True if the expectation is about a state of flows at a tick. */
export function isAboutState({ placement, requested, rule, reason }: Expectation): boolean {
  return rule !== undefined || (placement ?? requested ?? reason) !== undefined;
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
        didYouMean(name, names) || `; flows are ${names.map((n) => `"${n}"`).join(', ')}`;
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
  const choice = hint || `; rules are ${names.map((n) => `"${n}"`).join(', ')}`;
  read.report(
    [...path, 'rule'],
    found.length > 1
      ? `"${rule}" is ambiguous: ${found.map((n) => `"${n}"`).join(' or ')}`
      : `no policy has a rule "${rule}"${choice}`,
  );
  return rule;
}
