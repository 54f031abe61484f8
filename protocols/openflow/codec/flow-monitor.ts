import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { putExtension } from './header.ts';
import { getInstructions, putInstructions } from './instructions.ts';
import { getMatch13, getNxMatch, putMatch13, putNxMatch } from './match-oxm.ts';
import { getPort, putPort } from './port-number.ts';
import { OF10, type Version } from './version.ts';
import type { Instructions } from './instruction.ts';
import type { FlexibleMatch } from './match.ts';

/** A subscription to changes of flow entries. */
export interface FlowMonitor {
  /** Chosen by the requester; unique among its monitors. */
  readonly id: number;
  /** Bits of MonitorFlag. */
  readonly flags: number;
  readonly outPort: number;
  readonly tableId: number;
  /** 1.0: NXM; 1.3: OXM. */
  readonly match: FlexibleMatch;
}

/** Creates monitors: Nicira's extension on 1.0, the ONF's (187) on 1.3. */
export interface FlowMonitorRequest {
  readonly kind: 'flow-monitor';
  readonly monitors: readonly FlowMonitor[];
}

/** A change to the flow entries. */
export type FlowUpdate =
  | {
      readonly kind: 'added' | 'deleted' | 'modified';
      /** RemovedReason of a deleted entry. */
      readonly reason: number;
      readonly priority: number;
      /** Seconds. */
      readonly idleTimeout: number;
      readonly hardTimeout: number;
      readonly tableId: number;
      readonly cookie: bigint;
      readonly match: FlexibleMatch;
      /** Empty without MonitorFlag.actions, and for a deleted entry. */
      readonly instructions: Instructions;
    }
  /** A change by this connection's request with this xid. */
  | { readonly kind: 'own'; readonly xid: number };

/** Answer to the request, and later (with xid 0) one for each change. */
export interface FlowMonitorReply {
  readonly kind: 'flow-monitor';
  readonly updates: readonly FlowUpdate[];
}

export interface FlowMonitorCancel {
  readonly type: 'flow-monitor-cancel';
  readonly xid: number;
  readonly id: number;
}

/** The switch pauses reporting because the receiver is too slow, or resumes it. */
export interface FlowMonitorPause {
  readonly type: 'flow-monitor-paused' | 'flow-monitor-resumed';
  readonly xid: number;
}

/** nx_flow_monitor_request (1.0), onf_flow_monitor_request (1.3), as OVS 3.1 has them. */
export function putFlowMonitors(w: Writer, q: FlowMonitorRequest, version: Version): void {
  for (const m of q.monitors) {
    w.u32(m.id);
    w.u16(m.flags);
    if (version === OF10) putPort(w, m.outPort, version);
    const lengthAt = w.length;
    w.u16(0);
    if (version !== OF10) putPort(w, m.outPort, version);
    w.u8(m.tableId);
    w.zeros(version === OF10 ? 5 : 3);
    putCountedMatch(w, m.match, lengthAt, version);
  }
}

export function getFlowMonitors(r: Reader, version: Version): FlowMonitorRequest {
  const monitors: FlowMonitor[] = [];
  while (r.at < r.end) {
    const id = r.u32();
    const flags = r.u16();
    let outPort = version === OF10 ? getPort(r, version) : 0;
    const matchLength = r.u16();
    if (version !== OF10) outPort = getPort(r, version);
    const tableId = r.u8();
    r.skip(version === OF10 ? 5 : 3);
    const match = version === OF10 ? getNxMatch(r, matchLength) : getMatch13(r);
    monitors.push({ id, flags, outPort, tableId, match });
  }
  return { kind: 'flow-monitor', monitors };
}

/** A match preceded by a length: of its fields (1.0), or of the whole match (1.3). */
function putCountedMatch(
  w: Writer,
  match: FlexibleMatch,
  lengthAt: number,
  version: Version,
): void {
  if (version === OF10) {
    w.patchLength(lengthAt, putNxMatch(w, match));
    return;
  }
  const start = w.length;
  w.patchLength(lengthAt, putMatch13(w, match) - start);
}

const EVENTS = ['added', 'deleted', 'modified'] as const;
const EVENT_OWN = 3;

/** nx_flow_update_full and nx_flow_update_abbrev; the ONF's differ in match and instructions. */
export function putFlowUpdates(w: Writer, reply: FlowMonitorReply, version: Version): void {
  for (const u of reply.updates) {
    const start = w.length;
    w.u16(0);
    if (u.kind === 'own') {
      w.u16(EVENT_OWN);
      w.u32(u.xid);
    } else {
      w.u16(EVENTS.indexOf(u.kind));
      w.u16(u.reason);
      w.u16(u.priority);
      w.u16(u.idleTimeout);
      w.u16(u.hardTimeout);
      const lengthAt = w.length;
      w.u16(0);
      w.u8(u.tableId);
      w.zeros(1);
      w.u64(u.cookie);
      putCountedMatch(w, u.match, lengthAt, version);
      putInstructions(w, u.instructions, version);
    }
    w.patchLength(start, w.length - start);
  }
}

export function getFlowUpdates(r: Reader, version: Version): FlowMonitorReply {
  const updates: FlowUpdate[] = [];
  while (r.at < r.end) {
    const length = r.u16();
    const outer = r.enter(length - 2, 'a flow update');
    updates.push(getFlowUpdate(r, version));
    r.leave(outer);
  }
  return { kind: 'flow-monitor', updates };
}

function getFlowUpdate(r: Reader, version: Version): FlowUpdate {
  const event = r.u16();
  if (event === EVENT_OWN) return { kind: 'own', xid: r.u32() };
  if (event > EVENT_OWN) throw r.fail(`an event of a flow update, not ${event}`);
  const kind = EVENTS[event];
  const reason = r.u16();
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const matchLength = r.u16();
  const tableId = r.u8();
  r.skip(1);
  const cookie = r.u64();
  const match = version === OF10 ? getNxMatch(r, matchLength) : getMatch13(r);
  const instructions = getInstructions(r, version);
  const times = { reason, priority, idleTimeout, hardTimeout };
  return { kind, ...times, tableId, cookie, match, instructions };
}

export function putFlowMonitorCancel(w: Writer, m: FlowMonitorCancel, version: Version): void {
  putExtension(w, m.type, version, m.xid);
  w.u32(m.id);
}

export function getFlowMonitorCancel(r: Reader, xid: number): FlowMonitorCancel {
  return { type: 'flow-monitor-cancel', xid, id: r.u32() };
}

export function putFlowMonitorPause(w: Writer, m: FlowMonitorPause, version: Version): void {
  putExtension(w, m.type, version, m.xid);
}
