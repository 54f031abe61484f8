import type { FlowView } from '../control/view.ts';
import { bitRate, byteCount, duration, packetRate } from './format.ts';
import type { Colours } from './terminal.ts';
import { type Column, textTable } from './text-table.ts';

/** Flows as a table; what is offloaded stands out. */
export function flowTable(flows: readonly FlowView[], width: number, colours: Colours): string[] {
  return textTable(columns(colours), flows, width, colours.dim);
}

/** Characters of a ufid that are shown: enough to tell flows apart, and `why` takes them. */
const ID_LENGTH = 8;

function columns(colours: Colours): readonly Column<FlowView>[] {
  return [
    { title: 'FLOW', align: 'left', text: (f) => f.id.slice(0, ID_LENGTH) },
    {
      title: 'PLACE',
      align: 'left',
      text: (f) => f.placement,
      paint: (padded, f) => (f.placement === 'onload' ? padded : colours.green(padded)),
    },
    { title: 'RATE', align: 'right', text: (f) => bitRate(f.bitsPerSecond) },
    { title: 'PACKETS', align: 'right', text: (f) => packetRate(f.packetsPerSecond) },
    { title: 'BYTES', align: 'right', text: (f) => byteCount(f.bytes) },
    { title: 'AGE', align: 'right', text: (f) => duration(f.ageMs) },
    { title: 'SLICE', align: 'left', text: (f) => f.slice ?? '-' },
    { title: 'REASON', align: 'left', text: (f) => f.reason.code, paint: colours.dim },
    { title: 'MATCH -> ACTIONS', align: 'left', text: (f) => `${f.match} -> ${f.actions}` },
  ];
}
