import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { getFlowUpdates, putFlowUpdates } from './flow-monitor.ts';
import { getAggregate, getFlowStats, putAggregate, putFlowStats } from './flow-stats.ts';
import { getMeterConfig, getMeterFeatures, getMeterStats, putMeterReply } from './meter.ts';
import type { MultipartReply, ReplyBody, SwitchDescription } from './multipart.ts';
import { type BodyHead, getMultipartHeader, putMultipartHeader } from './multipart-header.ts';
import { getPortDescriptions, putPortDescription } from './port.ts';
import { getPortStats, putPortStats } from './port-stats.ts';
import { getTableStats, putTableStats } from './table-stats.ts';
import type { Version } from './version.ts';

/** 1.0: stats reply (section 5.3.5); 1.3.5: multipart reply (section 7.3.5). */
export function putMultipartReply(w: Writer, m: MultipartReply, version: Version): void {
  putMultipartHeader(w, m.type, version, m.xid, m.more, m.body);
  putBody(w, m.body, version);
}

function putBody(w: Writer, body: ReplyBody, version: Version): void {
  switch (body.kind) {
    case 'desc':
      putDescription(w, body);
      return;
    case 'flow':
    case 'nx-flow':
      putFlowStats(w, body, version);
      return;
    case 'aggregate':
    case 'nx-aggregate':
      putAggregate(w, body);
      return;
    case 'table':
      putTableStats(w, body, version);
      return;
    case 'port-stats':
      putPortStats(w, body, version);
      return;
    case 'port-desc':
      for (const port of body.ports) putPortDescription(w, port, version);
      return;
    case 'meter':
    case 'meter-config':
    case 'meter-features':
      putMeterReply(w, body);
      return;
    case 'flow-monitor':
      putFlowUpdates(w, body, version);
      return;
    case 'experimenter':
    case 'unknown':
      w.bytes(body.bytes);
      return;
  }
}

export function getMultipartReply(r: Reader, xid: number, version: Version): MultipartReply {
  const { more, head } = getMultipartHeader(r, version);
  return { type: 'multipart-reply', xid, more, body: getBody(r, head, version) };
}

function getBody(r: Reader, head: BodyHead, version: Version): ReplyBody {
  switch (head.kind) {
    case 'desc':
      return getDescription(r);
    case 'flow':
    case 'nx-flow':
      return getFlowStats(r, head.kind, version);
    case 'aggregate':
    case 'nx-aggregate':
      return getAggregate(r, head.kind);
    case 'table':
      return getTableStats(r, version);
    case 'port-stats':
      return getPortStats(r, version);
    case 'port-desc':
      return { kind: 'port-desc', ports: getPortDescriptions(r, version) };
    case 'meter':
      return getMeterStats(r);
    case 'meter-config':
      return getMeterConfig(r);
    case 'meter-features':
      return getMeterFeatures(r);
    case 'flow-monitor':
      return getFlowUpdates(r, version);
    case 'experimenter':
    case 'unknown':
    default:
      return { ...head, bytes: r.rest() };
  }
}

const DESCRIPTION_LENGTH = 256;
const SERIAL_LENGTH = 32;

/** ofp_desc: the same in both versions. */
function putDescription(w: Writer, d: SwitchDescription): void {
  w.text(d.manufacturer, DESCRIPTION_LENGTH);
  w.text(d.hardware, DESCRIPTION_LENGTH);
  w.text(d.software, DESCRIPTION_LENGTH);
  w.text(d.serialNumber, SERIAL_LENGTH);
  w.text(d.datapath, DESCRIPTION_LENGTH);
}

function getDescription(r: Reader): SwitchDescription {
  return {
    kind: 'desc',
    manufacturer: r.text(DESCRIPTION_LENGTH),
    hardware: r.text(DESCRIPTION_LENGTH),
    software: r.text(DESCRIPTION_LENGTH),
    serialNumber: r.text(SERIAL_LENGTH),
    datapath: r.text(DESCRIPTION_LENGTH),
  };
}
