import type { ReasonCode } from '../engine/model/reason.ts';
import type { LimitsView, WhyView } from '../api/flow-views.ts';
import { PATHS } from '../api/paths.ts';
import {
  atMaximum,
  gainTooSmall,
  inUse,
  limitReached,
  shareTaken,
  shareOwner,
  worthTooLittle,
} from './limit-words.ts';
import { bitRate, duration, plainNumber, plainPacketRate, whole } from '../text/format.ts';

/** Why the flow has its placement, in one sentence with the numbers that decided. */
export function whySentence(why: WhyView): string {
  const { flow } = why;
  const cause = flow.requested === 'none' ? causeWithoutRequest(why) : causeWithRequest(why);
  return `The flow is on ${PLACES[flow.placement]} at ${bitRate(flow.bitsPerSecond)}: ${cause}.`;
}

function causeWithRequest(why: WhyView): string {
  const { flow } = why;
  const because = AFTER_REQUEST[flow.reason.code];
  if (because === undefined) return flow.reason.text;
  const rule = flow.rule === null ? 'no rule' : `rule ${flow.rule}`;
  return `${rule} requests ${flow.requested} with score ${plainNumber(flow.score)}, ${because(why)}`;
}

/** For a flow without a requested placement. */
function causeWithoutRequest(why: WhyView): string {
  const { code, text } = why.flow.reason;
  const because = AFTER_NO_REQUEST[code];
  return because === undefined ? text : `no rule requests an entry for it, ${because(why)}`;
}

const PLACES = {
  onload: `the ${PATHS.onload.name} (onload)`,
  offload: `the ${PATHS.offload.name} (offload)`,
  'fast-path': `the ${PATHS['fast-path'].name}`,
} as const;

/** Continuations of "rule R requests P with score S"; other reasons are complete sentences. */
const AFTER_REQUEST: Readonly<Partial<Record<ReasonCode, (why: WhyView) => string>>> = {
  placed: () => 'and the backend has it',
  unused: () => 'and the backend has it, but it has not carried a packet yet',
  'carries-nothing': (why) => `but ${carriesNothing(why)}`,
  'port-cost': (why) => `but ${portCost(why)}`,
  oversized: ({ flow }) =>
    'but its packets reach the vSwitch in segments larger than the MTU, which no entry can carry: ' +
    `its sender behind ${flow.inPort} leaves segmentation and checksums to its device`,
  installing: () => 'and the operation is in progress',
  budget: () => 'but the budget of operations is used up for now',
  'no-backend': () => 'but no backend serves that placement',
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
  mismatch: ({ mismatch }) =>
    mismatch === null
      ? 'but a sample found that its entry was wrong; it is tried again at the next tick'
      : `but a sample found that its entry was wrong (${mismatch.detail}); ` +
        `it is tried again ${when(mismatch.heldMs)}`,
};

/** Continuations of "no rule requests an entry for it". */
const AFTER_NO_REQUEST: typeof AFTER_REQUEST = {
  placed: ({ limits }) => `but ${justMoved(limits)}`,
  'carries-nothing': (why) => `and ${carriesNothing(why)}`,
  'port-cost': (why) => `and ${portCost(why)}`,
  'table-full': ({ limits }) =>
    'so its entry was among the first to be removed when the table was full ' +
    `(${inUse(limits)} are in use now)`,
  'slice-maximum': ({ limits }) =>
    `so its entry was among the first to be removed when ${shareOwner(limits.share)} had more than ` +
    (limits.share === null ? 'it may have' : `the ${whole(limits.share.maximum)} it may have`),
  'slice-share': ({ limits }) =>
    `so its entry was among the first to be removed when ${shareOwner(limits.share)} had more than ` +
    `${limits.share?.slice === null ? 'their' : 'its'} share and others had less`,
  'fast-path-capacity': ({ limits }) =>
    `so its entry was among the first to be removed: ${limitReached(limits, true)}`,
};

function scoreToBeat({ flow, limits }: WhyView): string {
  if (limits.divided) {
    return `, and no entry of ${shareOwner(limits.share)} has a score that is low enough for a swap`;
  }
  if (limits.cutoffScore === null) return '';
  return flow.score > limits.cutoffScore
    ? ', by flows whose scores are higher, or too close for a swap'
    : ` and a newcomer needs a score above ${plainNumber(limits.cutoffScore)}`;
}

function justMoved({ holdLeftMs }: LimitsView): string {
  const stays = holdLeftMs < 1 ? 'until the next tick' : `for another ${duration(holdLeftMs)}`;
  return `it was moved recently and stays ${stays}`;
}

function carriesNothing({ unused, flow }: WhyView): string {
  const cause =
    'no entry carries packets with unfinished checksums or above the MTU; the sender behind ' +
    `${flow.inPort} may leave checksums and segmentation to its device`;
  if (unused === null) return `entries between its ports carried nothing (${cause})`;
  const { packets, carried, overMs, retryInMs } = unused;
  return (
    `its last entry carried ${whole(carried)} of ${whole(packets + carried)} packets in ` +
    `${duration(overMs)} (${cause}); it is tried again ${when(retryInMs)}`
  );
}

function portCost({ input, flow }: WhyView): string {
  if (input === null) return `receiving on ${flow.inPort} would cost more than it saves`;
  const { port, saves, costs } = input;
  return (
    `entries of ${port} would take ${plainPacketRate(saves)} off the vSwitch, and receiving on it ` +
    `would cost ${plainPacketRate(costs)} of its other traffic, for segmentation in software and ` +
    'packets that no entry carries'
  );
}

function when(leftMs: number): string {
  return leftMs < 1 ? 'at the next tick' : `in ${duration(leftMs)}`;
}

function detail(refusal: WhyView['refusal']): string {
  return refusal === null ? '' : ` (${refusal.code}: ${refusal.detail})`;
}
