import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { getInstructions, putInstructions } from './instructions.ts';
import { getMatch10, putMatch10 } from './match-of10.ts';
import { getMatch13, getNxMatch, putMatch13, putNxMatch } from './match-oxm.ts';
import { OF10, OF13, type Version } from './version.ts';
import type { Instructions } from './instruction.ts';
import type { Match, OxmMatch } from './match.ts';

/** Filter of the requested flow entries; both versions (`outGroup` and the cookie only in 1.3). */
export interface FlowStatsRequest {
  readonly kind: 'flow' | 'aggregate';
  readonly tableId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly match: Match;
}

/** Nicira's variant on 1.0, with an NXM match. */
export interface NxFlowStatsRequest {
  readonly kind: 'nx-flow' | 'nx-aggregate';
  readonly tableId: number;
  readonly outPort: number;
  readonly match: OxmMatch;
}

/** One flow entry and its counters. */
export interface FlowStats {
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly priority: number;
  /** Seconds; 0: none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /** Bits of FlowFlag; 0 in 1.0, which does not report them. */
  readonly flags: number;
  /**
   * Nicira's variant only, else 0: seconds since the last packet or change, plus one; 0: unknown.
   */
  readonly idleAge: number;
  readonly hardAge: number;
  readonly cookie: bigint;
  /** All ones: not counted. */
  readonly packets: bigint;
  /** Including the L2 header. */
  readonly bytes: bigint;
  readonly match: Match;
  readonly instructions: Instructions;
}

/** Entries of one part of a flow-stats reply. */
export interface FlowStatsReply {
  readonly kind: 'flow' | 'nx-flow';
  readonly flows: readonly FlowStats[];
}

/** Sums over the requested flow entries. */
export interface AggregateStatsReply {
  readonly kind: 'aggregate' | 'nx-aggregate';
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly flows: number;
}

/** Entries as ofp_flow_stats of the version, or as nx_flow_stats. */
export function putFlowStats(w: Writer, reply: FlowStatsReply, version: Version): void {
  for (const flow of reply.flows) {
    const start = w.length;
    w.u16(0);
    w.u8(flow.tableId);
    w.zeros(1);
    if (reply.kind === 'nx-flow') putNxEntry(w, flow);
    else if (version === OF10) putEntry10(w, flow);
    else putEntry13(w, flow);
    putInstructions(w, flow.instructions, version);
    w.patchLength(start, w.length - start);
  }
}

function putEntry13(w: Writer, f: FlowStats): void {
  if (f.match.kind === 'of10') throw new OpenFlowEncodeError('flow stats of 1.3, match of 1.0');
  putTimes(w, f);
  w.u16(f.flags);
  w.zeros(4);
  putCounters(w, f);
  putMatch13(w, f.match);
}

function putEntry10(w: Writer, f: FlowStats): void {
  if (f.match.kind !== 'of10') throw new OpenFlowEncodeError('flow stats of 1.0, match of 1.3');
  putMatch10(w, f.match);
  putTimes(w, f);
  w.zeros(6);
  putCounters(w, f);
}

function putNxEntry(w: Writer, f: FlowStats): void {
  if (f.match.kind === 'of10') throw new OpenFlowEncodeError('Nicira flow stats, match of 1.0');
  putTimes(w, f);
  const lengthAt = w.length;
  w.u16(0);
  w.u16(f.idleAge);
  w.u16(f.hardAge);
  putCounters(w, f);
  w.patchLength(lengthAt, putNxMatch(w, f.match));
}

function putTimes(w: Writer, f: FlowStats): void {
  w.u32(f.durationSec);
  w.u32(f.durationNsec);
  w.u16(f.priority);
  w.u16(f.idleTimeout);
  w.u16(f.hardTimeout);
}

function putCounters(w: Writer, f: FlowStats): void {
  w.u64(f.cookie);
  w.u64(f.packets);
  w.u64(f.bytes);
}

export function getFlowStats(
  r: Reader,
  kind: FlowStatsReply['kind'],
  version: Version,
): FlowStatsReply {
  const flows: FlowStats[] = [];
  while (r.at < r.end) {
    const length = r.u16();
    const outer = r.enter(length - 2, 'a flow entry');
    const tableId = r.u8();
    r.skip(1);
    if (kind === 'nx-flow') flows.push(getNxEntry(r, tableId));
    else if (version === OF10) flows.push(getEntry10(r, tableId));
    else flows.push(getEntry13(r, tableId));
    r.leave(outer);
  }
  return { kind, flows };
}

function getEntry13(r: Reader, tableId: number): FlowStats {
  const durationSec = r.u32();
  const durationNsec = r.u32();
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const flags = r.u16();
  r.skip(4);
  return {
    tableId,
    durationSec,
    durationNsec,
    priority,
    idleTimeout,
    hardTimeout,
    flags,
    idleAge: 0,
    hardAge: 0,
    cookie: r.u64(),
    packets: r.u64(),
    bytes: r.u64(),
    match: getMatch13(r),
    instructions: getInstructions(r, OF13),
  };
}

function getEntry10(r: Reader, tableId: number): FlowStats {
  const match = getMatch10(r);
  const durationSec = r.u32();
  const durationNsec = r.u32();
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  r.skip(6);
  return {
    tableId,
    durationSec,
    durationNsec,
    priority,
    idleTimeout,
    hardTimeout,
    flags: 0,
    idleAge: 0,
    hardAge: 0,
    cookie: r.u64(),
    packets: r.u64(),
    bytes: r.u64(),
    match,
    instructions: getInstructions(r, OF10),
  };
}

function getNxEntry(r: Reader, tableId: number): FlowStats {
  const durationSec = r.u32();
  const durationNsec = r.u32();
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const matchLength = r.u16();
  return {
    tableId,
    durationSec,
    durationNsec,
    priority,
    idleTimeout,
    hardTimeout,
    flags: 0,
    idleAge: r.u16(),
    hardAge: r.u16(),
    cookie: r.u64(),
    packets: r.u64(),
    bytes: r.u64(),
    match: getNxMatch(r, matchLength),
    instructions: getInstructions(r, OF10),
  };
}

/** ofp_aggregate_stats_reply, the same in all variants. */
export function putAggregate(w: Writer, reply: AggregateStatsReply): void {
  w.u64(reply.packets);
  w.u64(reply.bytes);
  w.u32(reply.flows);
  w.zeros(4);
}

export function getAggregate(r: Reader, kind: AggregateStatsReply['kind']): AggregateStatsReply {
  const packets = r.u64();
  const bytes = r.u64();
  const flows = r.u32();
  r.skip(4);
  return { kind, packets, bytes, flows };
}
