import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { getActions, putActions } from './actions.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putHeader } from './header.ts';
import { getMatch13, putMatch13 } from './match-oxm.ts';
import { getPort, getPort10, putPort, putPort10 } from './port-number.ts';
import { OF10, type Version } from './version.ts';
import type { Actions } from './action.ts';
import type { FlexibleMatch, OxmMatch } from './match.ts';

/** A packet for the controller. */
export interface PacketIn {
  readonly type: 'packet-in';
  readonly xid: number;
  readonly bufferId: number;
  /** Length of the whole packet, bytes; `data` may be shorter. */
  readonly totalLength: number;
  /** 0 no match, 1 action, 2 bad TTL. */
  readonly reason: number;
  /** 0 in 1.0. */
  readonly tableId: number;
  /** All ones in 1.0, and without a flow entry. */
  readonly cookie: bigint;
  /** Metadata of the packet. 1.0: just `in_port`. */
  readonly match: FlexibleMatch;
  readonly data: Uint8Array;
}

/** A packet for the switch to send. */
export interface PacketOut {
  readonly type: 'packet-out';
  readonly xid: number;
  readonly bufferId: number;
  readonly inPort: number;
  readonly actions: Actions;
  /** Empty when `bufferId` names a buffered packet. */
  readonly data: Uint8Array;
}

/** The cookie of a packet-in without a flow entry. */
export const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** Number of the packet's input port; undefined when the match lacks it. */
export function inPortOf(match: FlexibleMatch): number | undefined {
  if (match.kind !== 'oxm') return undefined;
  for (const field of match.fields) {
    if (field.kind === 'field' && field.name === 'in_port' && field.mask === undefined) {
      const [a, b, c, d] = field.value;
      return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    }
  }
  return undefined;
}

/** A match on the input port only. */
export function inPortMatch(port: number): OxmMatch {
  const value = Uint8Array.of(port >>> 24, port >>> 16, port >>> 8, port);
  return { kind: 'oxm', fields: [{ kind: 'field', name: 'in_port', value, mask: undefined }] };
}

/** 1.0: section 5.4.1; 1.3.5: section 7.4.1. */
export function putPacketIn(w: Writer, m: PacketIn, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u32(m.bufferId);
  w.u16(m.totalLength);
  if (version === OF10) {
    const port = inPortOf(m.match);
    if (port === undefined) {
      throw new OpenFlowEncodeError('a packet-in of OpenFlow 1.0 needs a match with in_port');
    }
    putPort10(w, port);
    w.u8(m.reason);
    w.zeros(1);
  } else {
    w.u8(m.reason);
    w.u8(m.tableId);
    w.u64(m.cookie);
    putMatch13(w, m.match);
    w.zeros(2);
  }
  w.bytes(m.data);
}

export function getPacketIn(r: Reader, xid: number, version: Version): PacketIn {
  const type = 'packet-in';
  const bufferId = r.u32();
  const totalLength = r.u16();
  if (version === OF10) {
    const match = inPortMatch(getPort10(r));
    const reason = r.u8();
    r.skip(1);
    const data = r.rest();
    const cookie = NO_COOKIE;
    return { type, xid, bufferId, totalLength, reason, tableId: 0, cookie, match, data };
  }
  const reason = r.u8();
  const tableId = r.u8();
  const cookie = r.u64();
  const match = getMatch13(r);
  r.skip(2);
  const data = r.rest();
  return { type, xid, bufferId, totalLength, reason, tableId, cookie, match, data };
}

/** 1.0: section 5.3.6; 1.3.5: section 7.3.7. */
export function putPacketOut(w: Writer, m: PacketOut, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u32(m.bufferId);
  putPort(w, m.inPort, version);
  const lengthAt = w.length;
  w.u16(0);
  if (version !== OF10) w.zeros(6);
  const start = w.length;
  putActions(w, m.actions, version);
  w.patchLength(lengthAt, w.length - start);
  w.bytes(m.data);
}

export function getPacketOut(r: Reader, xid: number, version: Version): PacketOut {
  const bufferId = r.u32();
  const inPort = getPort(r, version);
  const length = r.u16();
  if (version !== OF10) r.skip(6);
  const outer = r.enter(length, 'actions');
  const actions = getActions(r, version);
  r.leave(outer);
  return { type: 'packet-out', xid, bufferId, inPort, actions, data: r.rest() };
}
