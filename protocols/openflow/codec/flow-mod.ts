import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putExtension, putHeader } from './header.ts';
import { Group } from './ids.ts';
import { getInstructions, putInstructions } from './instructions.ts';
import { getMatch10, putMatch10 } from './match-of10.ts';
import { getMatch13, getNxMatch, putMatch13, putNxMatch } from './match-oxm.ts';
import { getPort10, putPort10 } from './port-number.ts';
import { OF10, type Version } from './version.ts';
import type { Instructions } from './instruction.ts';
import type { Match } from './match.ts';

/**
 * Adds, changes or deletes flow entries.
 *
 * 1.0: `cookieMask` 0, `outGroup` Group.any, and instructions of one `apply-actions` or none. With
 * a flexible match it is Nicira's NXT_FLOW_MOD.
 */
export interface FlowMod {
  readonly type: 'flow-mod';
  readonly xid: number;
  /** FlowCommand. */
  readonly command: number;
  /** On 1.0 only with Nicira's table id extension enabled, else 0. */
  readonly tableId: number;
  readonly cookie: bigint;
  /** Bits of the cookie that must match for an entry to be changed or deleted. */
  readonly cookieMask: bigint;
  /** Seconds; 0: none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  /** Buffered packet to process with it, or NO_BUFFER. */
  readonly bufferId: number;
  /** For deletes: only entries that output there. */
  readonly outPort: number;
  readonly outGroup: number;
  /** Bits of FlowFlag. */
  readonly flags: number;
  readonly match: Match;
  readonly instructions: Instructions;
}

/** 1.0: section 5.3.3, and Nicira's nx_flow_mod; 1.3.5: section 7.3.4.1. */
export function putFlowMod(w: Writer, m: FlowMod, version: Version): void {
  if (version === OF10) {
    putFlowMod10(w, m);
    return;
  }
  if (m.match.kind === 'of10') {
    throw new OpenFlowEncodeError('a flow-mod of OpenFlow 1.3 has no match of 1.0');
  }
  putHeader(w, m.type, version, m.xid);
  w.u64(m.cookie);
  w.u64(m.cookieMask);
  w.u8(m.tableId);
  w.u8(m.command);
  w.u16(m.idleTimeout);
  w.u16(m.hardTimeout);
  w.u16(m.priority);
  w.u32(m.bufferId);
  w.u32(m.outPort);
  w.u32(m.outGroup);
  w.u16(m.flags);
  w.zeros(2);
  putMatch13(w, m.match);
  putInstructions(w, m.instructions, version);
}

function putFlowMod10(w: Writer, m: FlowMod): void {
  if (m.cookieMask !== 0n || m.outGroup !== Group.any) {
    throw new OpenFlowEncodeError('a flow-mod of OpenFlow 1.0 has no cookie mask and no group');
  }
  if (m.match.kind !== 'of10') {
    putExtension(w, m.type, OF10, m.xid);
    w.u64(m.cookie);
    putBody10(w, m);
    const lengthAt = w.length;
    w.zeros(8);
    w.patchLength(lengthAt, putNxMatch(w, m.match));
  } else {
    putHeader(w, m.type, OF10, m.xid);
    putMatch10(w, m.match);
    w.u64(m.cookie);
    putBody10(w, m);
  }
  putInstructions(w, m.instructions, OF10);
}

function putBody10(w: Writer, m: FlowMod): void {
  w.u8(m.tableId);
  w.u8(m.command);
  w.u16(m.idleTimeout);
  w.u16(m.hardTimeout);
  w.u16(m.priority);
  w.u32(m.bufferId);
  putPort10(w, m.outPort);
  w.u16(m.flags);
}

export function getFlowMod(r: Reader, xid: number, version: Version): FlowMod {
  if (version === OF10) {
    const match = getMatch10(r);
    const head = getBody10(r, xid);
    return { ...head, match, instructions: getInstructions(r, OF10) };
  }
  const cookie = r.u64();
  const cookieMask = r.u64();
  const tableId = r.u8();
  const command = r.u8();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const priority = r.u16();
  const bufferId = r.u32();
  const outPort = r.u32();
  const outGroup = r.u32();
  const flags = r.u16();
  r.skip(2);
  const match = getMatch13(r);
  const instructions = getInstructions(r, version);
  return {
    type: 'flow-mod',
    xid,
    command,
    tableId,
    cookie,
    cookieMask,
    idleTimeout,
    hardTimeout,
    priority,
    bufferId,
    outPort,
    outGroup,
    flags,
    match,
    instructions,
  };
}

/** Nicira's flow-mod on 1.0, after the subtype. */
export function getNxFlowMod(r: Reader, xid: number): FlowMod {
  const head = getBody10(r, xid);
  const length = r.u16();
  r.skip(6);
  const match = getNxMatch(r, length);
  return { ...head, match, instructions: getInstructions(r, OF10) };
}

/** The part from the cookie on, which is the same in both forms of 1.0. */
function getBody10(r: Reader, xid: number) {
  const cookie = r.u64();
  const tableId = r.u8();
  const command = r.u8();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const priority = r.u16();
  const bufferId = r.u32();
  const outPort = getPort10(r);
  const flags = r.u16();
  return {
    type: 'flow-mod',
    xid,
    command,
    tableId,
    cookie,
    cookieMask: 0n,
    idleTimeout,
    hardTimeout,
    priority,
    bufferId,
    outPort,
    outGroup: Group.any,
    flags,
  } as const;
}
