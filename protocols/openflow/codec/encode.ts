import { Writer } from '../wire/writer.ts';
import { putBundleAddHead, putBundleAddTail, putBundleControl } from './bundle.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putFlowMod } from './flow-mod.ts';
import { putFlowMonitorCancel, putFlowMonitorPause } from './flow-monitor.ts';
import { putFlowRemoved } from './flow-removed.ts';
import { putHeader, putRawHeader } from './header.ts';
import type { BundleAddMessage, Message } from './messages.ts';
import { putMeterMod } from './meter.ts';
import { putMultipartReply } from './multipart-reply.ts';
import { putMultipartRequest } from './multipart-request.ts';
import { putPacketIn, putPacketOut } from './packet.ts';
import { putPortMod, putPortStatus } from './port.ts';
import { putBare, putEcho, putError, putHello } from './session.ts';
import {
  putAsync,
  putConfig,
  putFeatures,
  putFlowFormat,
  putFlowModTableId,
  putRole,
} from './switch-config.ts';
import { putTableMod } from './table-stats.ts';
import type { Version } from './version.ts';

/**
 * Encodes a message.
 * @throws OpenFlowEncodeError: the version cannot express it, or a number does not fit its field
 */
export function encode(message: Message, version: Version): Uint8Array<ArrayBuffer> {
  const w = new Writer();
  encodeInto(w, message, version);
  return w.written();
}

/**
 * Appends a message to the writer, so that many are sent together.
 * @throws OpenFlowEncodeError, the writer is unchanged then
 */
export function encodeInto(w: Writer, message: Message, version: Version): void {
  const start = w.length;
  try {
    putMessage(w, message, version);
  } catch (error) {
    w.truncate(start);
    throw error;
  }
}

function putMessage(w: Writer, message: Message, version: Version): void {
  const start = w.length;
  putBody(w, message, version);
  w.patchLength(start + 2, w.length - start);
}

function putBody(w: Writer, m: Message, version: Version): void {
  switch (m.type) {
    case 'flow-mod':
      return putFlowMod(w, m, version);
    case 'bundle-add':
      return putBundleAdd(w, m, version);
    case 'hello':
      return putHello(w, m, version);
    case 'error':
      return putError(w, m, version);
    case 'echo-request':
    case 'echo-reply':
      return putEcho(w, m, version);
    case 'features-request':
    case 'get-config-request':
    case 'barrier-request':
    case 'barrier-reply':
    case 'get-async-request':
      return putBare(w, m, version);
    case 'features-reply':
      return putFeatures(w, m, version);
    case 'get-config-reply':
    case 'set-config':
      return putConfig(w, m, version);
    case 'packet-in':
      return putPacketIn(w, m, version);
    case 'packet-out':
      return putPacketOut(w, m, version);
    case 'flow-removed':
      return putFlowRemoved(w, m, version);
    case 'port-status':
      return putPortStatus(w, m, version);
    case 'port-mod':
      return putPortMod(w, m, version);
    case 'table-mod':
      return putTableMod(w, m, version);
    case 'meter-mod':
      return putMeterMod(w, m, version);
    case 'multipart-request':
      return putMultipartRequest(w, m, version);
    case 'multipart-reply':
      return putMultipartReply(w, m, version);
    case 'role-request':
    case 'role-reply':
      return putRole(w, m, version);
    case 'get-async-reply':
    case 'set-async':
      return putAsync(w, m, version);
    case 'bundle-control':
      return putBundleControl(w, m, version);
    case 'flow-monitor-cancel':
      return putFlowMonitorCancel(w, m, version);
    case 'flow-monitor-paused':
    case 'flow-monitor-resumed':
      return putFlowMonitorPause(w, m, version);
    case 'nx-set-flow-format':
      return putFlowFormat(w, m, version);
    case 'nx-flow-mod-table-id':
      return putFlowModTableId(w, m, version);
    case 'experimenter':
      putHeader(w, m.type, version, m.xid);
      w.u32(m.experimenter);
      return w.bytes(m.bytes);
    case 'unknown':
      putRawHeader(w, m.code, version, m.xid);
      return w.bytes(m.bytes);
  }
}

/** Writes a message for a bundle. Bundles cannot be nested. */
function putBundleAdd(w: Writer, m: BundleAddMessage, version: Version): void {
  if (m.message.type === 'bundle-add') {
    throw new OpenFlowEncodeError('a bundle cannot hold the message bundle-add');
  }
  if (m.message.xid !== m.xid) {
    throw new OpenFlowEncodeError(`bundle-add has xid ${m.xid}, its message ${m.message.xid}`);
  }
  putBundleAddHead(w, m, version);
  const start = w.length;
  putMessage(w, m.message, version);
  putBundleAddTail(w, m, start);
}
