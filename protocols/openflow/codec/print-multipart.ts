import type { FlowStats } from './flow-stats.ts';
import type { FlowUpdate } from './flow-monitor.ts';
import type { ReplyBody, RequestBody } from './multipart.ts';
import { printInstructions } from './print-actions.ts';
import { printData } from './print-bytes.ts';
import { printMatch, printPort } from './print-match.ts';

/** Maximum number of list items to print; the rest are counted. */
const SHOWN = 3;

export function printList<T>(items: readonly T[], print: (item: T) => string): string {
  const shown = items.slice(0, SHOWN).map((item) => `[${print(item)}]`);
  const hidden = items.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  return shown.length === 0 ? '[]' : shown.join(' ');
}

/** Body of a multipart request. */
export function printRequest(body: RequestBody): string {
  switch (body.kind) {
    case 'flow':
    case 'aggregate':
    case 'nx-flow':
    case 'nx-aggregate':
      return `${body.kind} table=${body.tableId} out_port=${printPort(body.outPort)} ${printMatch(body.match)}`;
    case 'port-stats':
      return `port-stats port=${printPort(body.portNo)}`;
    case 'meter':
    case 'meter-config':
      return `${body.kind} meter=${body.meter}`;
    case 'flow-monitor':
      return `flow-monitor ${printList(
        body.monitors,
        (m) =>
          `id=${m.id} flags=0x${m.flags.toString(16)} table=${m.tableId} ${printMatch(m.match)}`,
      )}`;
    case 'experimenter':
      return `experimenter 0x${body.experimenter.toString(16)} ${printData(body.bytes)}`;
    case 'unknown':
      return `type ${body.code} ${printData(body.bytes)}`;
    case 'desc':
    case 'table':
    case 'port-desc':
    case 'meter-features':
    default:
      return body.kind;
  }
}

/** Body of a multipart reply. */
export function printReply(body: ReplyBody): string {
  switch (body.kind) {
    case 'desc':
      return `desc ${JSON.stringify([body.manufacturer, body.hardware, body.software, body.datapath])}`;
    case 'flow':
    case 'nx-flow':
      return `${body.kind} ${printList(body.flows, printFlow)}`;
    case 'aggregate':
    case 'nx-aggregate':
      return `${body.kind} flows=${body.flows} packets=${body.packets} bytes=${body.bytes}`;
    case 'table':
      return `table ${printList(body.tables, (t) => `${t.tableId} active=${t.activeCount}`)}`;
    case 'port-stats':
      return `port-stats ${printList(
        body.ports,
        (p) =>
          `${printPort(p.portNo)} rx=${p.rxPackets}/${p.rxBytes} tx=${p.txPackets}/${p.txBytes}`,
      )}`;
    case 'port-desc':
      return `port-desc ${printList(body.ports, (p) => `${printPort(p.portNo)} ${p.name}`)}`;
    case 'meter':
      return `meter ${printList(body.meters, (m) => `${m.meter} packets=${m.packets}`)}`;
    case 'meter-config':
      return `meter-config ${printList(body.meters, (m) => `${m.meter} bands=${m.bands.length}`)}`;
    case 'meter-features':
      return `meter-features max=${body.maxMeters} bands=${body.maxBands}`;
    case 'flow-monitor':
      return `flow-monitor ${printList(body.updates, printUpdate)}`;
    case 'experimenter':
      return `experimenter 0x${body.experimenter.toString(16)} ${printData(body.bytes)}`;
    case 'unknown':
    default:
      return `type ${body.code} ${printData(body.bytes)}`;
  }
}

function printFlow(f: FlowStats): string {
  return (
    `table=${f.tableId} priority=${f.priority} cookie=0x${f.cookie.toString(16)} ` +
    `packets=${f.packets} bytes=${f.bytes} ${printMatch(f.match)} -> ${printInstructions(f.instructions)}`
  );
}

function printUpdate(u: FlowUpdate): string {
  if (u.kind === 'own') return `own xid=${u.xid}`;
  return (
    `${u.kind} table=${u.tableId} priority=${u.priority} cookie=0x${u.cookie.toString(16)} ` +
    `${printMatch(u.match)} -> ${printInstructions(u.instructions)}`
  );
}
