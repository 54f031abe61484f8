import { inputRefusal } from '../../../engine/model/bypass.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { FilterCounters } from '../../../protocols/netlink/tc/filter-counters.ts';
import type { FlowerFilter } from '../../../protocols/netlink/tc/filters.ts';
import type { RulePlace } from './priorities.ts';
import type { FlowerRule } from './rules/flower-rule.ts';

/** A port that a rule was written for; a name or an ifindex alone can be reused. */
export interface PortIdentity {
  readonly name: string;
  readonly uuid: string;
  readonly ifindex: number;
}

/**
 * Where a rule is: in tc; taken out for a heartbeat; or out since the lease lapsed, until a renewal. A
 * rule that is out counts as an entry, and is put again.
 */
export type EntryState = 'installed' | 'paused' | 'lapsed';

/** The device that a rule is on. */
export interface RuleDevice {
  readonly name: string;
  readonly ifindex: number;
  /** Its entries by handle, which is unique among our priorities. */
  readonly entries: Map<number, Entry>;
  /** Since when it has no entry, ms of CLOCK_MONOTONIC. */
  emptySinceMs: number;
}

/** A flow with its rule. */
export interface Entry {
  readonly id: FlowId;
  /** {@link id} as text. */
  readonly key: string;
  readonly device: RuleDevice;
  readonly place: RulePlace;
  readonly handle: number;
  /** What was written; undefined after an adoption, until the flow is put. */
  rule: FlowerRule | undefined;
  /** What an earlier daemon had written, as the kernel reports it. */
  readonly adopted: FlowerFilter | undefined;
  /** The port that packets enter by, then those to which they are sent. */
  readonly ports: readonly PortIdentity[];
  /** Bytes of a packet's headers that tc does not count in software: Ethernet, and one VLAN tag. */
  readonly headerBytes: number;
  /** True if packets that software carries exceed the rate of a heartbeat, which counts them. */
  readonly hasHeartbeat: boolean;
  state: EntryState;
  /** Counters of the filter at the last reading, see {@link FilterCounters}. */
  packets: number;
  bytes: number;
  hardwarePackets: number;
  hardwareBytes: number;
  overlimits: number;
  /** Traffic that has not been reported. */
  unreportedPackets: number;
  unreportedBytes: number;
  /** The reading of the counters that last found the filter. */
  seenBy: number;
  /** When the vSwitch could last see the flow, ms of CLOCK_MONOTONIC; in hardware. */
  beatAtMs: number;
}

/** `struct ethhdr`, and a tag as the kernel keeps it beside the packet. */
const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;

/** What changes in an entry, as it is for a filter that has just been written. */
export function newState({ protocol }: RulePlace) {
  const isTagged = protocol === 0x8100 || protocol === 0x88a8;
  const state: EntryState = 'installed';
  return {
    headerBytes: ETHERNET_BYTES + (isTagged ? TAG_BYTES : 0),
    state,
    packets: 0,
    bytes: 0,
    hardwarePackets: 0,
    hardwareBytes: 0,
    overlimits: 0,
    unreportedPackets: 0,
    unreportedBytes: 0,
    seenBy: 0,
  };
}

/**
 * Notes the counters of an entry's filter.
 *
 * Hardware counts what is on the wire. In software the kernel counts bytes without Ethernet headers,
 * and packets as the segments that they stand for, while the vSwitch counts whole packets with headers.
 * The heartbeat's rate counts the packets that exceed it, without their segments; these are what is
 * carried. Without a heartbeat, segments are all that is known.
 */
export function noteCounters(entry: Entry, now: FilterCounters): void {
  const isRestarted = now.packets < entry.packets || now.bytes < entry.bytes;
  if (isRestarted) startCounters(entry);
  const hardwarePackets = now.hardwarePackets - entry.hardwarePackets;
  const hardwareBytes = now.hardwareBytes - entry.hardwareBytes;
  const segments = now.packets - entry.packets - hardwarePackets;
  const bytes = now.bytes - entry.bytes - hardwareBytes;
  const exceeded = (now.overlimits - entry.overlimits) >>> 0;
  const packets = entry.hasHeartbeat ? Math.min(exceeded, segments) : segments;
  entry.unreportedPackets += packets + hardwarePackets;
  entry.unreportedBytes += bytes + packets * entry.headerBytes + hardwareBytes;
  entry.packets = now.packets;
  entry.bytes = now.bytes;
  entry.hardwarePackets = now.hardwarePackets;
  entry.hardwareBytes = now.hardwareBytes;
  entry.overlimits = now.overlimits;
}

/** The counters of a new filter. */
export function startCounters(entry: Entry): void {
  entry.packets = 0;
  entry.bytes = 0;
  entry.hardwarePackets = 0;
  entry.hardwareBytes = 0;
  entry.overlimits = 0;
}

/**
 * True while the ports are those that the rule was written for, and the vSwitch need not see more of
 * the flow than the table shows it.
 *
 * @param heartbeatMs time between two heartbeats; 0: no heartbeats
 */
export function portsHold(entry: Entry, now: PortSnapshot, heartbeatMs: number): boolean {
  const shortestMs = heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
  return entry.ports.every(({ name, uuid, ifindex }, i) => {
    const port = now.get(name);
    if (port?.uuid !== uuid || port.ifindex !== ifindex) return false;
    if (i > 0) return !port.shaped;
    return !port.policed && inputRefusal(name, port, shortestMs) === undefined;
  });
}
