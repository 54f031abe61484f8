import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import type { FlowStatsRequest, NxFlowStatsRequest } from './flow-stats.ts';
import { Group } from './ids.ts';
import { getMatch10, putMatch10 } from './match-of10.ts';
import { getMatch13, getNxMatch, putMatch13, putNxMatch } from './match-oxm.ts';
import { getPort10, putPort10 } from './port-number.ts';
import { OF10, type Version } from './version.ts';

/** 1.0: section 5.3.5; 1.3.5: sections 7.3.5.2 and 7.3.5.3. */
export function putFlowStatsRequest(w: Writer, q: FlowStatsRequest, version: Version): void {
  if (version === OF10) {
    if (q.match.kind !== 'of10' || q.cookieMask !== 0n || q.outGroup !== Group.any) {
      throw new OpenFlowEncodeError(
        `${q.kind} of OpenFlow 1.0 supports only its own match, table and port`,
      );
    }
    putMatch10(w, q.match);
    w.u8(q.tableId);
    w.zeros(1);
    putPort10(w, q.outPort);
    return;
  }
  if (q.match.kind === 'of10') {
    throw new OpenFlowEncodeError(`${q.kind} of OpenFlow 1.3 has no match of 1.0`);
  }
  w.u8(q.tableId);
  w.zeros(3);
  w.u32(q.outPort);
  w.u32(q.outGroup);
  w.zeros(4);
  w.u64(q.cookie);
  w.u64(q.cookieMask);
  putMatch13(w, q.match);
}

export function getFlowStatsRequest(
  r: Reader,
  kind: FlowStatsRequest['kind'],
  version: Version,
): FlowStatsRequest {
  if (version === OF10) {
    const match = getMatch10(r);
    const tableId = r.u8();
    r.skip(1);
    const outPort = getPort10(r);
    const any = { outGroup: Group.any, cookie: 0n, cookieMask: 0n };
    return { kind, tableId, outPort, ...any, match };
  }
  const tableId = r.u8();
  r.skip(3);
  const outPort = r.u32();
  const outGroup = r.u32();
  r.skip(4);
  const cookie = r.u64();
  const cookieMask = r.u64();
  return { kind, tableId, outPort, outGroup, cookie, cookieMask, match: getMatch13(r) };
}

/** nx_flow_stats_request, nx_aggregate_stats_request. */
export function putNxFlowStatsRequest(w: Writer, q: NxFlowStatsRequest): void {
  putPort10(w, q.outPort);
  const lengthAt = w.length;
  w.u16(0);
  w.u8(q.tableId);
  w.zeros(3);
  w.patchLength(lengthAt, putNxMatch(w, q.match));
}

export function getNxFlowStatsRequest(
  r: Reader,
  kind: NxFlowStatsRequest['kind'],
): NxFlowStatsRequest {
  const outPort = getPort10(r);
  const length = r.u16();
  const tableId = r.u8();
  r.skip(3);
  return { kind, tableId, outPort, match: getNxMatch(r, length) };
}
