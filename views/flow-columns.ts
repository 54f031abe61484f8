import type { FlowView } from '../api/flow-views.ts';
import { flowEnds } from '../api/flow-ends.ts';
import { bitRate, byteCount, duration, packetRate } from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { type Column, textTable } from '../platform/text-table.ts';

/**
 * Flows as a table, with the placement of offloaded flows in colour. A finite `width` shortens
 * matches to what distinguishes flows; Infinity (a pipe) keeps them whole.
 */
export function flowTable(flows: readonly FlowView[], width: number, colours: Colours): string[] {
  const short = width !== Number.POSITIVE_INFINITY;
  const shown = columns(colours, short).filter((c) => width >= WIDE || c.title !== 'BYTES');
  return textTable(shown, flows, width, colours.dim);
}

/** On a narrower terminal the column BYTES is omitted, characters. */
const WIDE = 130;

/** Characters of a ufid that are shown: usually unique, and accepted by `why`. */
const ID_LENGTH = 8;

function columns(colours: Colours, short: boolean): readonly Column<FlowView>[] {
  return [
    { title: 'FLOW', align: 'left', text: (f) => (short ? f.id.slice(0, ID_LENGTH) : f.id) },
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
    short
      ? { title: 'MATCH', align: 'left', text: shortMatch }
      : { title: 'MATCH -> ACTIONS', align: 'left', text: (f) => `${f.match} -> ${f.actions}` },
  ];
}

/** Ports and addresses: `vm5>p0 tcp 10.1.0.6:47187>198.18.7.20:443`; MACs only without IP. */
export function shortMatch({ match, inPort, outPorts }: FlowView): string {
  const { protocol, from, to } = flowEnds(match, '*');
  return `${inPort}>${outPorts.join('+') || 'drop'} ${protocol} ${from}>${to}`;
}
