import { flowEnds } from '../../api/flow-ends.ts';
import type { FlowSort, FlowView } from '../../api/flow-views.ts';
import { PATHS } from '../../api/paths.ts';
import { bitRate, byteCount, duration, packetRate, plainNumber } from '../../text/format.ts';
import { TONES } from '../text/words.ts';
import { type Child, html, type VNode } from '../vendor/preact.js';

/** A column of the table of flows. */
export interface FlowColumn {
  readonly id: string;
  readonly title: string;
  readonly sort?: FlowSort;
  readonly cell: (flow: FlowView) => Child;
}

export const COLUMNS: readonly FlowColumn[] = [
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
    cell: (f) => (f.requested === 'none' ? '-' : plainNumber(f.score)),
  },
  {
    id: 'reason',
    title: 'Why',
    cell: ({ reason }) => html`<span title=${reason.text}>${reason.code}</span>`,
  },
];

/** Protocol and ends of a flow on one line, with the whole match as tooltip. */
export function flowLine(match: string): VNode {
  const { protocol, from, to } = flowEnds(match, 'any');
  return html`
    <span class="flow-line" title=${match}>
      <span class="protocol">${protocol}</span> ${from} <span class="arrow" aria-hidden="true">→</span
      ><span class="unseen">to</span> ${to}
    </span>
  `;
}

function portsText({ inPort, outPorts }: FlowView): string {
  return `${inPort} → ${outPorts.join(', ') || 'nowhere'}`;
}

/** The path's name in its colour. */
export function pathTag(placement: FlowView['placement']): VNode {
  return html`<span class=${`path-tag ${TONES[placement]}`}>${PATHS[placement].title}</span>`;
}
