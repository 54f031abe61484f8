import type { ReasonCode } from '../engine/model/reason.ts';
import type { LimitsView, WhyView } from '../api/flow-views.ts';
import { PATHS } from '../api/paths.ts';
import {
  atMaximum,
  gainTooSmall,
  inUse,
  limitReached,
  shareTaken,
  whose,
  worthTooLittle,
} from './limit-words.ts';
import { bitRate, duration, plainNumber, whole } from '../text/format.ts';

/** Why the flow is where it is, in one sentence with the numbers that decided. */
export function whySentence(why: WhyView): string {
  const { flow } = why;
  const cause = flow.requested === 'none' ? unaskedCause(why) : askedCause(why);
  return `The flow is on ${PLACES[flow.placement]} at ${bitRate(flow.bitsPerSecond)}: ${cause}.`;
}

function askedCause(why: WhyView): string {
  const { flow } = why;
  const because = BECAUSE[flow.reason.code];
  if (because === undefined) return flow.reason.text;
  const rule = flow.rule === null ? 'no rule' : `rule ${flow.rule}`;
  return `${rule} asks for ${flow.requested} with score ${plainNumber(flow.score)}, ${because(why)}`;
}

/** Of a flow that no rule asks to be anywhere. */
function unaskedCause(why: WhyView): string {
  const { code, text } = why.flow.reason;
  const but = UNASKED[code];
  return but === undefined ? text : `no rule asks for it, ${but(why)}`;
}

const PLACES = {
  onload: `the ${PATHS.onload.name} (onload)`,
  offload: `the ${PATHS.offload.name} (offload)`,
  'fast-path': `the ${PATHS['fast-path'].name}`,
} as const;

/** What follows "rule R asks for W with score S"; reasons that are not here speak for themselves. */
const BECAUSE: Readonly<Partial<Record<ReasonCode, (why: WhyView) => string>>> = {
  placed: () => 'and the backend has it',
  installing: () => 'and the operation is on its way',
  budget: () => 'but the budget of operations for now is used up',
  'no-backend': () => 'but no backend serves that',
  'table-full': (why) => `but the table has ${inUse(why.limits)} in use${scoreToBeat(why)}`,
  'slice-maximum': ({ limits }) => `but ${atMaximum(limits.share)}`,
  'slice-share': ({ limits }) => `but ${shareTaken(limits.share)}`,
  'port-bandwidth': ({ limits }) =>
    `but ${limitReached(limits, false)}; flows of other ports go first`,
  'fast-path-capacity': ({ limits }) => `but ${limitReached(limits, true)}`,
  'below-threshold': ({ limits }) => `but ${worthTooLittle(limits)}`,
  'small-gain': ({ limits }) => `but ${gainTooSmall(limits)}`,
  'min-hold': ({ limits }) => `but ${justMoved(limits)}`,
  unsupported: ({ refusal }) => `but the backend cannot express it${detail(refusal)}`,
  refused: ({ refusal, limits }) =>
    `but the backend refused it${detail(refusal)}; it is tried again ${when(limits.retryInMs)}`,
};

/** What follows "no rule asks for it". */
const UNASKED: typeof BECAUSE = {
  placed: ({ limits }) => `but ${justMoved(limits)}`,
  'table-full': ({ limits }) =>
    'so its entry was among the first to go when the table had no room ' +
    `(${inUse(limits)} are in use now)`,
  'slice-maximum': ({ limits }) =>
    `so its entry was among the first to go when ${whose(limits.share)} had more than ` +
    (limits.share === null ? 'it may have' : `the ${whole(limits.share.maximum)} it may have`),
  'slice-share': ({ limits }) =>
    `so its entry was among the first to go when ${whose(limits.share)} had more than ` +
    `${limits.share?.slice === null ? 'their' : 'its'} share and others less`,
  'fast-path-capacity': ({ limits }) =>
    `so its entry was among the first to go when it was too much: ${limitReached(limits, true)}`,
};

function scoreToBeat({ flow, limits }: WhyView): string {
  if (limits.divided) {
    return `, and of ${whose(limits.share)} none that has one is worse by enough for a swap`;
  }
  if (limits.cutoffScore === null) return '';
  return flow.score > limits.cutoffScore
    ? ', by flows with better scores or with hardly worse ones, which are not worth a swap'
    : ` and a newcomer needs a score above ${plainNumber(limits.cutoffScore)}`;
}

function justMoved({ holdLeftMs }: LimitsView): string {
  const stays = holdLeftMs < 1 ? 'until the next tick' : `for another ${duration(holdLeftMs)}`;
  return `it was moved a short time ago and stays ${stays}`;
}

/** When it is time, a tick has yet to come. */
function when(leftMs: number): string {
  return leftMs < 1 ? 'at the next tick' : `in ${duration(leftMs)}`;
}

function detail(refusal: WhyView['refusal']): string {
  return refusal === null ? '' : ` (${refusal.code}: ${refusal.detail})`;
}
