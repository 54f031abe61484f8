import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { getFlowMonitors, putFlowMonitors } from './flow-monitor.ts';
import {
  getFlowStatsRequest,
  getNxFlowStatsRequest,
  putFlowStatsRequest,
  putNxFlowStatsRequest,
} from './flow-stats-request.ts';
import { getMeterRequest, putMeterRequest } from './meter.ts';
import type { MultipartRequest, RequestBody } from './multipart.ts';
import { type BodyHead, getMultipartHeader, putMultipartHeader } from './multipart-header.ts';
import { getPortStatsRequest, putPortStatsRequest } from './port-stats.ts';
import type { Version } from './version.ts';

/** 1.0: stats request (section 5.3.5); 1.3.5: multipart request (section 7.3.5). */
export function putMultipartRequest(w: Writer, m: MultipartRequest, version: Version): void {
  putMultipartHeader(w, m.type, version, m.xid, m.more, m.body);
  putBody(w, m.body, version);
}

function putBody(w: Writer, body: RequestBody, version: Version): void {
  switch (body.kind) {
    case 'desc':
    case 'table':
    case 'port-desc':
    case 'meter-features':
      return;
    case 'flow':
    case 'aggregate':
      putFlowStatsRequest(w, body, version);
      return;
    case 'nx-flow':
    case 'nx-aggregate':
      putNxFlowStatsRequest(w, body);
      return;
    case 'port-stats':
      putPortStatsRequest(w, body, version);
      return;
    case 'meter':
    case 'meter-config':
      putMeterRequest(w, body);
      return;
    case 'flow-monitor':
      putFlowMonitors(w, body, version);
      return;
    case 'experimenter':
    case 'unknown':
      w.bytes(body.bytes);
      return;
  }
}

export function getMultipartRequest(r: Reader, xid: number, version: Version): MultipartRequest {
  const { more, head } = getMultipartHeader(r, version);
  return { type: 'multipart-request', xid, more, body: getBody(r, head, version) };
}

function getBody(r: Reader, head: BodyHead, version: Version): RequestBody {
  switch (head.kind) {
    case 'desc':
    case 'table':
    case 'port-desc':
    case 'meter-features':
      return { kind: head.kind };
    case 'flow':
    case 'aggregate':
      return getFlowStatsRequest(r, head.kind, version);
    case 'nx-flow':
    case 'nx-aggregate':
      return getNxFlowStatsRequest(r, head.kind);
    case 'port-stats':
      return getPortStatsRequest(r, version);
    case 'meter':
    case 'meter-config':
      return getMeterRequest(r, head.kind);
    case 'flow-monitor':
      return getFlowMonitors(r, version);
    case 'experimenter':
    case 'unknown':
    default:
      return { ...head, bytes: r.rest() };
  }
}
