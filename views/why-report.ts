import type { ConditionTrace, Extent } from '../engine/ports/rule-evaluator.ts';
import type { InputView } from '../api/input-view.ts';
import { knownText } from '../api/known-text.ts';
import type { ConnectionView, LimitsView, RuleView, WhyView } from '../api/flow-views.ts';
import type { ShareView } from '../api/status-view.ts';
import { decisionLine } from './decision-line.ts';
import {
  bitRate,
  byteCount,
  duration,
  factValue,
  packetRate,
  plainNumber,
  plainPacketRate,
  whole,
} from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { expected, inUse, shareOwner } from './limit-words.ts';
import { whySentence } from './why-sentence.ts';

/** Everything about one flow's placement, as lines of text. */
export function whyReport(why: WhyView, colours: Colours): string[] {
  const { flow, limits, refusal, mismatch } = why;
  const placed =
    flow.placedMs === null ? 'since it was first seen' : `for ${duration(flow.placedMs)}`;
  const isUnused = flow.entry !== null && flow.entry !== flow.placement;
  const owner = [flow.vm && `VM ${flow.vm}`, flow.slice && `slice ${flow.slice}`].filter(Boolean);
  const rows: [string, string][] = [
    ['flow', flow.id],
    ['match', flow.match],
    ['actions', flow.actions],
    ...(owner.length === 0 ? [] : [pair('owner', owner.join(', '))]),
    ['placement', `${flow.entry ?? 'onload'} ${placed}${isUnused ? ', without a packet yet' : ''}`],
    ['rate', `${bitRate(flow.bitsPerSecond)}, ${packetRate(flow.packetsPerSecond)}`],
    [
      'carried',
      `${byteCount(flow.vswitchBytes)} by the vSwitch, ${byteCount(flow.carriedBytes)} by the backend`,
    ],
    ['seen', `first ${duration(flow.ageMs)} ago, last packet ${duration(flow.idleMs)} ago`],
    [
      'rule',
      flow.rule === null
        ? 'none'
        : `${flow.rule}: ${flow.requested}, score ${plainNumber(flow.score)}`,
    ],
    ['reason', `${flow.reason.code}: ${flow.reason.text}`],
    ['worth', worthText(limits)],
    ['table', tableText(why)],
    ...(limits.share === null ? [] : [pair('share', shareText(limits.share))]),
    ...limits.throughput.map((limit) =>
      pair('limit', `${limit.name}: placed flows are expected to send ${expected(limit)}`),
    ),
    ...(limits.operationsLeft === null
      ? []
      : [pair('operations', `${plainNumber(limits.operationsLeft)} left in the budget`)]),
    ...(limits.holdLeftMs > 0 ? [pair('hold', `another ${duration(limits.holdLeftMs)}`)] : []),
    ...(refusal === null ? [] : [pair('refusal', `${refusal.code}: ${refusal.detail}`)]),
    ...(mismatch === null ? [] : [pair('sample', mismatch.detail)]),
    ...(why.hook === null
      ? []
      : [pair('hook', `${why.hook.hook} at ${flow.inPort}: ${why.hook.why}`)]),
    ...(why.input === null ? [] : [pair('port', inputText(why.input))]),
  ];
  return [
    colours.bold(whySentence(why)),
    '',
    ...rows.map(([name, text]) => `${colours.dim(name.padEnd(11))}${text}`),
    ...connectionLines(why.connection),
    '',
    ...why.rules.flatMap((rule) => markedRuleLines(rule, colours)),
    ...(why.decisions.length === 0 ? [] : ['', 'latest decisions']),
    ...why.decisions.toReversed().map((decision) => `  ${decisionLine(decision, colours)}`),
  ];
}

/** How a connection was resolved: the megaflows that it passes, and conntrack's entries. */
function connectionLines(connection: ConnectionView | null): string[] {
  if (connection === null) return [];
  const { chain, tracked, refusal } = connection;
  const verdict = refusal === null ? 'it can have an entry' : `${refusal.code}: ${refusal.detail}`;
  return [
    '',
    `connection: ${verdict}`,
    ...chain.map(({ id, match, actions }, n) => `  ${n + 1}. ${id} ${match} -> ${actions}`),
    ...tracked.map(({ zone, direction, original, reply, mark, labels }) => {
      const marks = `mark 0x${mark.toString(16)}, labels ${labels}`;
      return `  conntrack zone ${zone}: ${original}, reply ${reply}; this is its ${direction} direction; ${marks}`;
    }),
  ];
}

function pair(name: string, text: string): [string, string] {
  return [name, text];
}

function inputText({ port, isOpen, saves, costs }: InputView): string {
  const state = isOpen ? 'open' : 'closed';
  const gain = `entries take ${plainPacketRate(saves)} off the vSwitch`;
  return `${port} is ${state}: ${gain}; receiving costs ${plainPacketRate(costs)} of other traffic`;
}

function tableText({ limits }: WhyView): string {
  if (limits.tableEntries === 0) return 'no backend';
  const used = `${inUse(limits)} in use`;
  if (limits.cutoffScore === null) return `${used}, enough for all requests`;
  if (limits.cutoffScore === 0) return `${used}, some by flows that no rule requests any more`;
  if (limits.divided) {
    return `${used}; the highest score without an entry, of any slice, is ${plainNumber(limits.cutoffScore)}`;
  }
  return (
    `${used}; a newcomer needs a score above ${plainNumber(limits.cutoffScore)} ` +
    '(and far enough above the flow that it displaces)'
  );
}

function worthText({ worth, threshold, swapGain }: LimitsView): string {
  return [
    `an entry is expected to take ${plainPacketRate(worth)} off the vSwitch`,
    ...(threshold === null ? [] : [`threshold ${plainNumber(threshold)}`]),
    ...(swapGain === null ? [] : [`a swap must gain ${plainNumber(swapGain)}`]),
  ].join('; ');
}

function shareText(share: ShareView): string {
  const { used, share: due, guaranteed, maximum, wanted } = share;
  return (
    `${shareOwner(share)}: ${whole(used)} entries, share ${whole(due)} ` +
    `(guaranteed ${whole(guaranteed)}, maximum ${whole(maximum)}, wanted ${whole(wanted)})`
  );
}

/** The lines of a rule, with a mark for a rule of a shadow policy. */
function markedRuleLines(rule: RuleView, colours: Colours): string[] {
  const [head, ...conditions] = ruleLines(rule, colours);
  const moves = rule.shadow ? ` ${colours.yellow('(shadow: moves nothing)')}` : '';
  return [`${head}${moves}`, ...conditions];
}

/** A rule with its verdict, and its conditions with the values they read, as a tree. */
export function ruleLines(rule: RuleView, colours: Colours): string[] {
  const head = `rule ${rule.name} (priority ${rule.priority}) requests ${rule.requested}`;
  const lines = conditionLines(rule.condition, 1, colours);
  return [`${mark(rule.verdict, colours)} ${head}`, ...lines];
}

/** A condition with the values it read, as a tree that is indented by `depth` steps. */
export function conditionLines(trace: ConditionTrace, depth: number, colours: Colours): string[] {
  const indent = '  '.repeat(depth);
  const verdict = extentMark(trace.extent, colours);
  if (trace.kind !== 'compare') {
    const inner = trace.of.flatMap((t) => conditionLines(t, depth + 1, colours));
    return [`${indent}${verdict} ${trace.kind} of`, ...inner];
  }
  const { fact, operator, expected } = trace;
  const comparison = `${fact} ${operator} ${factValue(expected)}`;
  return [`${indent}${verdict} ${comparison} ${colours.dim(`(${knownText(trace)})`)}`];
}

/** For how many packets a condition holds, in three characters. */
function extentMark(extent: Extent, colours: Colours): string {
  return extent === 'some' ? colours.yellow('may') : mark(extent === 'all', colours);
}

/** A verdict in three characters, readable without colours. */
export function mark(verdict: boolean, colours: Colours): string {
  return verdict ? colours.green('yes') : colours.dim('no ');
}
