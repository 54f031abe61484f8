import { bitRate, byteCount, conditionValue, duration, packetRate } from '../text/format.js';
import { flowWords } from '../text/flow-words.js';
import { PATHS } from '../text/words.js';
import { html } from '../vendor/preact.js';

/**
 * @import { FlowSort, FlowView } from '../../api/flow-views.ts'
 * @import { Child } from '../vendor/preact.js'
 */

/**
 * A column of the table of flows.
 *
 * @typedef {{
 *   readonly id: string,
 *   readonly title: string,
 *   readonly sort?: FlowSort,
 *   readonly cell: (flow: FlowView) => Child,
 * }} FlowColumn
 */

/** @type {readonly FlowColumn[]} */
export const COLUMNS = [
  { id: 'match', title: 'Flow', cell: ({ match }) => flowLine(match) },
  { id: 'ways', title: 'Ports', cell: (f) => portsText(f) },
  {
    id: 'slice',
    title: 'Slice, VM',
    cell: ({ slice, vm }) => [slice, vm].filter((name) => name !== null).join(', ') || '-',
  },
  { id: 'path', title: 'Path', cell: ({ placement }) => pathTag(placement) },
  { id: 'rate', title: 'Traffic', sort: 'rate', cell: (f) => bitRate(f.bitsPerSecond) },
  { id: 'packets', title: 'Packets', sort: 'packets', cell: (f) => packetRate(f.packetsPerSecond) },
  { id: 'bytes', title: 'Bytes', sort: 'bytes', cell: (f) => byteCount(f.bytes) },
  { id: 'age', title: 'Age', sort: 'age', cell: (f) => duration(f.ageMs) },
  { id: 'idle', title: 'Idle', sort: 'idle', cell: (f) => duration(f.idleMs) },
  {
    id: 'score',
    title: 'Score',
    sort: 'score',
    cell: (f) => (f.requested === 'none' ? '-' : conditionValue(f.score)),
  },
  {
    id: 'reason',
    title: 'Why',
    cell: ({ reason }) => html`<span title=${reason.text}>${reason.code}</span>`,
  },
];

/**
 * Protocol and ends of a flow on one line; the whole match where somebody points at it.
 *
 * @param {string} match
 */
export function flowLine(match) {
  const { protocol, from, to } = flowWords(match);
  return html`
    <span class="flow-line" title=${match}>
      <span class="protocol">${protocol}</span> ${from} <span class="arrow" aria-hidden="true">→</span
      ><span class="unseen">to</span> ${to}
    </span>
  `;
}

/** @param {FlowView} flow */
function portsText({ inPort, outPorts }) {
  return `${inPort} → ${outPorts.join(', ') || 'nowhere'}`;
}

/**
 * The path's name in its colour.
 *
 * @param {FlowView['placement']} placement
 */
export function pathTag(placement) {
  const { name, tone } = PATHS[placement];
  return html`<span class=${`path-tag ${tone}`}>${name}</span>`;
}
