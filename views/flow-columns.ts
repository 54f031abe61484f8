import type { FlowView } from '../api/flow-views.ts';
import { flowEnds } from '../api/flow-ends.ts';
import { bitRate, byteCount, duration, packetRate } from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { displayWidth } from '../platform/display-width.ts';
import { type Column, printable, textTable } from '../platform/text-table.ts';

/**
 * Flows as a table, with the placement of offloaded flows in colour. A finite `width` shortens
 * matches to what distinguishes flows, and omits columns for which a match leaves no room; Infinity
 * (a pipe) keeps all of them whole.
 */
export function flowTable(flows: readonly FlowView[], width: number, colours: Colours): string[] {
  const isFinite = width !== Number.POSITIVE_INFINITY;
  const all = columns(colours, isFinite);
  return textTable(isFinite ? fitting(all, flows, width) : all, flows, width, colours.dim);
}

/** Columns of the terminal that a match gets before others do: most IPv4 matches fit. */
const MATCH_WIDTH = 40;
/** Columns that narrow terminals omit, the most important one first. */
const OPTIONAL = ['REASON', 'SLICE', 'PACKETS', 'AGE', 'BYTES'];

/** The columns that fit, with enough room for the last one. */
function fitting(
  all: readonly Column<FlowView>[],
  flows: readonly FlowView[],
  width: number,
): readonly Column<FlowView>[] {
  const widthOf = (column: Column<FlowView>): number =>
    Math.max(
      displayWidth(column.title),
      ...flows.map((flow) => displayWidth(printable(column.text(flow)))),
    );
  const last = all[all.length - 1];
  let left = width - Math.min(MATCH_WIDTH, widthOf(last));
  const chosen = new Set<Column<FlowView>>([last]);
  const choose = (column: Column<FlowView>): void => {
    chosen.add(column);
    left -= widthOf(column) + GAP;
  };
  for (const column of all.slice(0, -1)) if (!OPTIONAL.includes(column.title)) choose(column);
  for (const title of OPTIONAL) {
    const column = all.find((candidate) => candidate.title === title);
    if (column !== undefined && widthOf(column) + GAP <= left) choose(column);
  }
  return all.filter((column) => chosen.has(column));
}

/** Columns of the terminal between two columns of a table. */
const GAP = 2;

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
