import type { FlowView } from '../api/flow-views.ts';
import { bitRate, byteCount, duration, packetRate } from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { type Column, textTable } from '../platform/text-table.ts';

/**
 * Flows as a table; what is offloaded stands out. With a `width` matches are shortened to what
 * tells flows apart; with Infinity (into a pipe) they are whole.
 */
export function flowTable(flows: readonly FlowView[], width: number, colours: Colours): string[] {
  const short = width !== Number.POSITIVE_INFINITY;
  const shown = columns(colours, short).filter((c) => width >= WIDE || c.title !== 'BYTES');
  return textTable(shown, flows, width, colours.dim);
}

/** Below this many characters the bytes make room for the match. */
const WIDE = 130;

/** Characters of a ufid that are shown: enough to tell flows apart, and `why` takes them. */
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
export function shortMatch(flow: FlowView): string {
  const parts = flow.match.split(',');
  const fields = new Map(parts.map((part): [string, string] => splitOnce(part, '=')));
  const [protocol = 'any'] = parts.filter((part) => /^(?!in_port)[a-z0-9]+$/.test(part));
  const path = `${flow.inPort}>${flow.outPorts.join('+') || 'drop'}`;
  return `${path} ${protocol} ${end(fields, 'src')}>${end(fields, 'dst')}`;
}

/** One end's address and transport port; `*` for what is not matched. */
function end(fields: ReadonlyMap<string, string>, side: 'src' | 'dst'): string {
  const arp = side === 'src' ? 'arp_spa' : 'arp_tpa';
  const names = [`ipv4_${side}`, `ipv6_${side}`, arp, `eth_${side}`];
  const address = names.map((name) => fields.get(name)).find((text) => text !== undefined);
  const port = ['tcp', 'udp', 'sctp'].map((p) => fields.get(`${p}_${side}`)).find(Boolean);
  const shown = address ?? '*';
  if (port === undefined) return shown;
  return shown.includes(':') ? `[${shown}]:${port}` : `${shown}:${port}`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
