import type { FlowMod } from './flow-mod.ts';
import { BundleControl, FlowCommand, FlowFlag, PortReason, RemovedReason, Role } from './ids.ts';
import type { Message } from './messages.ts';
import { nameError } from './name-error.ts';
import { printActions, printInstructions } from './print-actions.ts';
import { printData } from './print-bytes.ts';
import { printMatch, printPort } from './print-match.ts';
import { printList, printReply, printRequest } from './print-multipart.ts';
import type { ErrorMessage } from './session.ts';

/** Longest line, characters. */
const MAX_LINE = 2000;
const CONTROL = /\p{Cc}/gu;

/**
 * A message in one line, for the log: its type, its xid and its content.
 * @param version wire version of the message, which decides what an error's numbers mean
 */
export function printMessage(message: Message, version: number): string {
  const head = `${message.type} xid=0x${message.xid.toString(16)}`;
  // A name from the switch must not start a new line in the log.
  const line = `${head} ${printBody(message, version)}`.trimEnd().replace(CONTROL, '?');
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}...` : line;
}

function printBody(m: Message, version: number): string {
  switch (m.type) {
    case 'hello':
      return m.versions === undefined ? '' : `versions=${m.versions.join(',')}`;
    case 'error':
      return printError(m, version);
    case 'echo-request':
    case 'echo-reply':
      return m.data.length === 0 ? '' : printData(m.data);
    case 'features-reply':
      return (
        `dpid=${m.datapathId.toString(16).padStart(16, '0')} tables=${m.tables} ` +
        `buffers=${m.buffers} capabilities=0x${m.capabilities.toString(16)} ` +
        `ports=${printList(m.ports, (p) => `${printPort(p.portNo)} ${p.name}`)}`
      );
    case 'get-config-reply':
    case 'set-config':
      return `flags=${m.flags} miss_send_len=${m.missSendLength}`;
    case 'packet-in':
      return `table=${m.tableId} reason=${m.reason} length=${m.totalLength} ${printMatch(m.match)} ${printData(m.data)}`;
    case 'packet-out':
      return `in_port=${printPort(m.inPort)} actions=${printActions(m.actions)} ${printData(m.data)}`;
    case 'flow-mod':
      return printFlowMod(m);
    case 'flow-removed':
      return (
        `${nameOf(RemovedReason, m.reason)} table=${m.tableId} priority=${m.priority} ` +
        `cookie=0x${m.cookie.toString(16)} packets=${m.packets} bytes=${m.bytes} ${printMatch(m.match)}`
      );
    case 'port-status':
      return `${nameOf(PortReason, m.reason)} port=${printPort(m.port.portNo)} name=${m.port.name} state=${m.port.state}`;
    case 'port-mod':
      return `port=${printPort(m.portNo)} config=0x${m.config.toString(16)}/0x${m.mask.toString(16)}`;
    case 'table-mod':
      return `table=${m.tableId} config=${m.config}`;
    case 'meter-mod':
      return `command=${m.command} meter=${m.meter} bands=${m.bands.length}`;
    case 'multipart-request':
      return printRequest(m.body) + (m.more ? ' more' : '');
    case 'multipart-reply':
      return printReply(m.body) + (m.more ? ' more' : '');
    case 'role-request':
    case 'role-reply':
      return `${nameOf(Role, m.role)} generation=${m.generationId}`;
    case 'get-async-reply':
    case 'set-async':
      return `packet-in=${m.packetIn.join('/')} port-status=${m.portStatus.join('/')} flow-removed=${m.flowRemoved.join('/')}`;
    case 'bundle-control':
      return `${nameOf(BundleControl, m.control)} bundle=${m.bundle} flags=${m.flags}`;
    case 'bundle-add':
      return `bundle=${m.bundle} flags=${m.flags} ${printMessage(m.message, version)}`;
    case 'flow-monitor-cancel':
      return `id=${m.id}`;
    case 'nx-set-flow-format':
      return `format=${m.format}`;
    case 'nx-flow-mod-table-id':
      return m.enabled ? 'on' : 'off';
    case 'experimenter':
      return `0x${m.experimenter.toString(16)} ${printData(m.bytes)}`;
    case 'unknown':
      return `code=${m.code} ${printData(m.bytes)}`;
    case 'features-request':
    case 'get-config-request':
    case 'barrier-request':
    case 'barrier-reply':
    case 'get-async-request':
    case 'flow-monitor-paused':
    case 'flow-monitor-resumed':
    default:
      return '';
  }
}

function printError(m: ErrorMessage, version: number): string {
  const { type, code } = nameError(m, version);
  const data = type === 'HELLO_FAILED' ? JSON.stringify(text(m.data)) : printData(m.data);
  return `${type} ${code} ${data}`;
}

function printFlowMod(m: FlowMod): string {
  const mask = m.cookieMask === 0n ? '' : `/0x${m.cookieMask.toString(16)}`;
  return (
    `${nameOf(FlowCommand, m.command)} table=${m.tableId} priority=${m.priority} ` +
    `cookie=0x${m.cookie.toString(16)}${mask} idle=${m.idleTimeout} hard=${m.hardTimeout} ` +
    `flags=${namesOf(FlowFlag, m.flags)} ` +
    `${printMatch(m.match)} -> ${printInstructions(m.instructions)}`
  );
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Names of the set bits, and the unnamed ones as a number. */
function namesOf(names: Readonly<Record<string, number>>, bits: number): string {
  const set = Object.entries(names).filter(([, bit]) => (bits & bit) !== 0);
  const rest = set.reduce((left, [, bit]) => left & ~bit, bits);
  const words = set.map(([name]) => name);
  if (rest !== 0 || words.length === 0) words.push(`0x${(rest >>> 0).toString(16)}`);
  return words.join('|');
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}
