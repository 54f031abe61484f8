import { HEADER_LENGTH } from '../wire/framer.ts';
import { Reader } from '../wire/reader.ts';
import { getBundleAddHead, getBundleAddTail, getBundleControl } from './bundle.ts';
import { OpenFlowDecodeError } from '../wire/errors.ts';
import { extensionName } from './extension-codes.ts';
import { getFlowMod, getNxFlowMod } from './flow-mod.ts';
import { getFlowMonitorCancel } from './flow-monitor.ts';
import { getFlowRemoved, getNxFlowRemoved } from './flow-removed.ts';
import { messageName } from './message-codes.ts';
import type { BundleAddMessage, Decoded, Message } from './messages.ts';
import { getMeterMod } from './meter.ts';
import { getMultipartReply } from './multipart-reply.ts';
import { getMultipartRequest } from './multipart-request.ts';
import { getPacketIn, getPacketOut } from './packet.ts';
import { getPortMod, getPortStatus } from './port.ts';
import { getBare, getError, getHello } from './session.ts';
import {
  getAsync,
  getConfig,
  getFeatures,
  getFlowFormat,
  getFlowModTableId,
  getNxRole,
  getRole,
} from './switch-config.ts';
import { getTableMod } from './table-stats.ts';
import { isVersion, type Version } from './version.ts';

/**
 * Decodes one whole message from the framer. The bytes are copied once; byte arrays in the message
 * are views of that copy.
 * @throws OpenFlowDecodeError: they are truncated, too long, or inconsistent
 */
export function decode(bytes: Uint8Array): Decoded {
  const r = new Reader(new Uint8Array(bytes));
  const version = r.u8();
  const message = getMessage(r, version, bytes.length, false);
  r.finish('the message');
  return { version, message };
}

/** A message from after its version byte to the end given in its header. */
function getMessage(r: Reader, version: number, maxLength: number, inBundle: boolean): Message {
  const code = r.u8();
  const length = r.u16();
  if (length < HEADER_LENGTH || length > maxLength) {
    throw new OpenFlowDecodeError(r.at - 2, `a length from 8 to ${maxLength}, not ${length}`);
  }
  const xid = r.u32();
  const outer = r.enter(length - HEADER_LENGTH, 'a message');
  const message = getBody(r, version, code, xid, inBundle);
  r.finish(`a message ${message.type}`);
  r.leave(outer);
  return message;
}

function getBody(
  r: Reader,
  version: number,
  code: number,
  xid: number,
  inBundle: boolean,
): Message {
  const name = messageName(version, code);
  // These four are the same in every version, so that peers can negotiate one.
  if (name === 'hello') return getHello(r, xid);
  if (name === 'error') return getError(r, xid, version);
  if (name === 'echo-request' || name === 'echo-reply') return { type: name, xid, data: r.rest() };
  if (!isVersion(version)) {
    throw new OpenFlowDecodeError(0, `wire version 1 or 4, not ${version}`);
  }
  switch (name) {
    case 'flow-mod':
      return getFlowMod(r, xid, version);
    case 'multipart-reply':
      return getMultipartReply(r, xid, version);
    case 'experimenter':
      return getExperimenter(r, xid, version, inBundle);
    case 'features-request':
    case 'get-config-request':
    case 'barrier-request':
    case 'barrier-reply':
    case 'get-async-request':
      return getBare(r, name, xid);
    case 'features-reply':
      return getFeatures(r, xid, version);
    case 'get-config-reply':
    case 'set-config':
      return getConfig(r, name, xid);
    case 'packet-in':
      return getPacketIn(r, xid, version);
    case 'packet-out':
      return getPacketOut(r, xid, version);
    case 'flow-removed':
      return getFlowRemoved(r, xid, version);
    case 'port-status':
      return getPortStatus(r, xid, version);
    case 'port-mod':
      return getPortMod(r, xid, version);
    case 'table-mod':
      return getTableMod(r, xid);
    case 'meter-mod':
      return getMeterMod(r, xid);
    case 'multipart-request':
      return getMultipartRequest(r, xid, version);
    case 'role-request':
    case 'role-reply':
      return getRole(r, name, xid);
    case 'get-async-reply':
    case 'set-async':
      return getAsync(r, name, xid);
    case 'group-mod':
    case 'queue-get-config-request':
    case 'queue-get-config-reply':
    case undefined:
    default:
      return { type: 'unknown', xid, code, bytes: r.rest() };
  }
}

function getExperimenter(r: Reader, xid: number, version: Version, inBundle: boolean): Message {
  const experimenter = r.u32();
  const at = r.at;
  const name = r.left >= 4 ? extensionName(version, experimenter, r.u32()) : undefined;
  switch (name) {
    case 'flow-mod':
      return getNxFlowMod(r, xid);
    case 'flow-removed':
      return getNxFlowRemoved(r, xid);
    case 'role-request':
    case 'role-reply':
      return getNxRole(r, name, xid);
    case 'set-async':
      return getAsync(r, name, xid);
    case 'nx-set-flow-format':
      return getFlowFormat(r, xid);
    case 'nx-flow-mod-table-id':
      return getFlowModTableId(r, xid);
    case 'flow-monitor-cancel':
      return getFlowMonitorCancel(r, xid);
    case 'flow-monitor-paused':
    case 'flow-monitor-resumed':
      return { type: name, xid };
    case 'bundle-control':
      return getBundleControl(r, xid);
    case 'bundle-add':
      if (inBundle) throw r.fail('a message that a bundle can contain, not bundle-add');
      return getBundleAdd(r, xid, version);
    case undefined:
    default:
      r.at = at;
      return { type: 'experimenter', xid, experimenter, bytes: r.rest() };
  }
}

function getBundleAdd(r: Reader, xid: number, version: Version): BundleAddMessage {
  const { bundle, flags } = getBundleAddHead(r);
  const start = r.at;
  const inner = r.u8();
  if (inner !== version)
    throw r.fail(`a message of version ${version} in the bundle, not ${inner}`);
  const message = getMessage(r, inner, r.left + 1, true);
  if (message.xid !== xid) throw r.fail(`a message with xid ${xid} in the bundle`);
  const properties = getBundleAddTail(r, start);
  return { type: 'bundle-add', xid, bundle, flags, message, properties };
}
