import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putExtension, putHeader } from './header.ts';
import { Table } from './ids.ts';
import { getMatch10, putMatch10 } from './match-of10.ts';
import { getMatch13, getNxMatch, putMatch13, putNxMatch } from './match-oxm.ts';
import { OF10, type Version } from './version.ts';
import type { FlexibleMatch, Match, Match10 } from './match.ts';

/**
 * An entry with the flag sendFlowRemoved was removed. A flexible match on 1.0 means Nicira's
 * variant.
 */
export interface FlowRemoved {
  readonly type: 'flow-removed';
  readonly xid: number;
  readonly cookie: bigint;
  readonly priority: number;
  /** RemovedReason. */
  readonly reason: number;
  /** Table.all in 1.0, which does not report it. */
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  /** Seconds. `hardTimeout` is 0 in 1.0, which does not report it. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly match: Match;
}

/** 1.0: section 5.4.3, and Nicira's nx_flow_removed; 1.3.5: section 7.4.2. */
export function putFlowRemoved(w: Writer, m: FlowRemoved, version: Version): void {
  if (version !== OF10) putFlowRemoved13(w, m, version);
  else if (m.match.kind === 'of10') putFlowRemoved10(w, m, m.match);
  else putNxFlowRemoved(w, m, m.match);
}

function putFlowRemoved13(w: Writer, m: FlowRemoved, version: Version): void {
  if (m.match.kind === 'of10') {
    throw new OpenFlowEncodeError('a flow-removed of OpenFlow 1.3 has no match of 1.0');
  }
  putHeader(w, m.type, version, m.xid);
  w.u64(m.cookie);
  w.u16(m.priority);
  w.u8(m.reason);
  w.u8(m.tableId);
  w.u32(m.durationSec);
  w.u32(m.durationNsec);
  w.u16(m.idleTimeout);
  w.u16(m.hardTimeout);
  w.u64(m.packets);
  w.u64(m.bytes);
  putMatch13(w, m.match);
}

function putFlowRemoved10(w: Writer, m: FlowRemoved, match: Match10): void {
  putHeader(w, m.type, OF10, m.xid);
  putMatch10(w, match);
  w.u64(m.cookie);
  w.u16(m.priority);
  w.u8(m.reason);
  w.zeros(1);
  w.u32(m.durationSec);
  w.u32(m.durationNsec);
  w.u16(m.idleTimeout);
  w.zeros(2);
  w.u64(m.packets);
  w.u64(m.bytes);
}

/** The table id is encoded plus one; 0 means unknown. */
function putNxFlowRemoved(w: Writer, m: FlowRemoved, match: FlexibleMatch): void {
  putExtension(w, m.type, OF10, m.xid);
  w.u64(m.cookie);
  w.u16(m.priority);
  w.u8(m.reason);
  w.u8((m.tableId + 1) & 0xff);
  w.u32(m.durationSec);
  w.u32(m.durationNsec);
  w.u16(m.idleTimeout);
  const lengthAt = w.length;
  w.u16(0);
  w.u64(m.packets);
  w.u64(m.bytes);
  w.patchLength(lengthAt, putNxMatch(w, match));
}

export function getFlowRemoved(r: Reader, xid: number, version: Version): FlowRemoved {
  if (version !== OF10) return getFlowRemoved13(r, xid);
  const match = getMatch10(r);
  const cookie = r.u64();
  const priority = r.u16();
  const reason = r.u8();
  r.skip(1);
  const durationSec = r.u32();
  const durationNsec = r.u32();
  const idleTimeout = r.u16();
  r.skip(2);
  return {
    type: 'flow-removed',
    xid,
    cookie,
    priority,
    reason,
    tableId: Table.all,
    durationSec,
    durationNsec,
    idleTimeout,
    hardTimeout: 0,
    packets: r.u64(),
    bytes: r.u64(),
    match,
  };
}

function getFlowRemoved13(r: Reader, xid: number): FlowRemoved {
  return {
    type: 'flow-removed',
    xid,
    cookie: r.u64(),
    priority: r.u16(),
    reason: r.u8(),
    tableId: r.u8(),
    durationSec: r.u32(),
    durationNsec: r.u32(),
    idleTimeout: r.u16(),
    hardTimeout: r.u16(),
    packets: r.u64(),
    bytes: r.u64(),
    match: getMatch13(r),
  };
}

/** Nicira's flow-removed on 1.0, after the subtype. */
export function getNxFlowRemoved(r: Reader, xid: number): FlowRemoved {
  const cookie = r.u64();
  const priority = r.u16();
  const reason = r.u8();
  const tableId = (r.u8() - 1) & 0xff;
  const durationSec = r.u32();
  const durationNsec = r.u32();
  const idleTimeout = r.u16();
  const matchLength = r.u16();
  return {
    type: 'flow-removed',
    xid,
    cookie,
    priority,
    reason,
    tableId,
    durationSec,
    durationNsec,
    idleTimeout,
    hardTimeout: 0,
    packets: r.u64(),
    bytes: r.u64(),
    match: getNxMatch(r, matchLength),
  };
}
