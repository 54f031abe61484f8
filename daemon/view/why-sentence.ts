import type { ReasonCode } from '../../engine/model/reason.ts';
import type { WhyView } from '../control/view.ts';
import { bitRate, duration } from './format.ts';

/** Why the flow is where it is, in one sentence with the numbers that decided. */
export function whySentence(why: WhyView): string {
  const { flow } = why;
  const rule = flow.rule === null ? 'no rule' : `rule ${flow.rule}`;
  const because = BECAUSE[flow.reason.code];
  const cause =
    because === undefined
      ? flow.reason.text
      : `${rule} asks for ${flow.wish} with score ${score(flow.score)}, ${because(why)}`;
  return `The flow is on ${PLACES[flow.placement]} at ${bitRate(flow.bitsPerSecond)}: ${cause}.`;
}

const PLACES = {
  onload: 'the vSwitch (onload)',
  offload: 'the NIC (offload)',
  'fast-path': 'the fast path',
} as const;

/** What follows "rule R asks for W with score S"; reasons that are not here speak for themselves. */
const BECAUSE: Readonly<Partial<Record<ReasonCode, (why: WhyView) => string>>> = {
  placed: () => 'and the backend has it',
  installing: () => 'and the operation is on its way',
  budget: () => 'but the budget of operations for now is used up',
  'no-backend': () => 'but no backend serves that',
  'table-full': ({ limits }) =>
    `but the table has ${limits.tableUsed} of ${limits.tableEntries} entries in use` +
    (limits.cutoffScore === null
      ? ''
      : ` and a newcomer needs a score above ${score(limits.cutoffScore)}`),
  'min-hold': ({ limits }) =>
    `but it was moved a short time ago and stays for another ${duration(limits.holdLeftMs)}`,
  unsupported: ({ refusal }) => `but the backend cannot express it${detail(refusal)}`,
  refused: ({ refusal, limits }) =>
    `but the backend refused it${detail(refusal)}; it is tried again in ${duration(limits.retryInMs)}`,
};

function detail(refusal: WhyView['refusal']): string {
  return refusal === null ? '' : ` (${refusal.code}: ${refusal.detail})`;
}

/** Scores have the unit their rule gives them: digits without a prefix mislead least. */
export function score(value: number): string {
  return Math.abs(value) >= 1e15 || !Number.isFinite(value)
    ? String(value)
    : value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
}
