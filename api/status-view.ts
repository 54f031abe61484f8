import type { PlacementName } from '../engine/model/flow.ts';
import type { PathName } from '../telemetry/accounts/tick-accounts.ts';
import type { DropCause } from '../telemetry/influx/writer-state.ts';

/** What a slice has of a backend's table and may have, as of the last plan. Entries. */
export interface ShareView {
  /** Null: all flows of no declared slice, which share one part. */
  readonly slice: string | null;
  /** Its part of what nobody has a guarantee for, relative to the others' weights. */
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that ask for an entry and have or are worth one. */
  readonly wanted: number;
  /** What is due to it now. */
  readonly share: number;
  readonly used: number;
}

/** What the placed flows are expected to send, and the most that a port or the fast path takes. */
export interface ThroughputView {
  /** A port and its direction (`p0 send`), all ports together, or the fast path. */
  readonly name: string;
  /** True: nothing is placed beyond it. False: flows that it does not limit go first. */
  readonly hard: boolean;
  /** Null: any number. */
  readonly bitsPerSecond: number | null;
  readonly packetsPerSecond: number | null;
  readonly expectedBitsPerSecond: number;
  readonly expectedPacketsPerSecond: number;
}

/** The daemon and its node in the last tick. */
export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly node: string;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** The first of `backends`; null when there is none. */
  readonly backend: BackendView | null;
  readonly backends: readonly BackendView[];
  /** Whether changes of the vSwitch's rules are heard of at once; null: nobody listens. */
  readonly changes: ChangesView | null;
  readonly tick: TickView;
  readonly sources: readonly SourceView[];
  readonly flows: Readonly<Record<PlacementName, number>>;
  /** Over all flows, smoothed, by where they are placed. */
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  /** What each way that packets can take has carried. */
  readonly paths: Readonly<Record<PathName, PathView>>;
  /** Share of what was sent between the last two readings that was not on the vSwitch, 0 to 1. */
  readonly coverage: { readonly bytes: number | null; readonly packets: number | null };
  /** Estimate of the CPUs that the vSwitch would need for what it was spared; null: not known. */
  readonly cpuSavedCores: number | null;
  readonly slices: readonly SliceView[];
  readonly ports: readonly PortView[];
  readonly policies: PoliciesView;
  /** How writing to InfluxDB goes; null: it is not configured. */
  readonly influx: InfluxView | null;
  /** True while everything is held on the vSwitch (onload-all). */
  readonly held: boolean;
}

/** Numbers count since the start. */
export interface InfluxView {
  readonly url: string;
  readonly database: string;
  readonly written: number;
  readonly queuedPoints: number;
  readonly queuedBytes: number;
  /** Points that were lost: `queue` was full, they were `refused`, or the daemon came to its `end`. */
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** Requests after which the same points were sent again. */
  readonly failures: number;
  /** ISO 8601; null: nothing has been written yet. */
  readonly lastSuccess: string | null;
  /** What the last request failed with, or was refused for. */
  readonly error: string | null;
}

export interface TickView {
  /** 0 before the first. */
  readonly sequence: number;
  /** Since it was made; null before the first. */
  readonly ageMs: number | null;
  readonly fresh: boolean;
  /** Time the last one took, and from one to the next. */
  readonly elapsedMs: number;
  readonly periodMs: number;
}

export interface ChangesView {
  readonly name: string;
  readonly active: boolean;
  /** Why not; flows are then looked at again at the next reading. */
  readonly problem: string | null;
}

export interface BackendView {
  readonly name: string;
  readonly description: string;
  readonly placement: PlacementName;
  readonly started: boolean;
  /** Why it is not started, or what it last failed with. */
  readonly error: string | null;
  readonly used: number;
  /** Entries that it is said to hold, and that the planner counts on: fewer after refusals. */
  readonly entries: number;
  readonly learnedEntries: number;
  readonly masksUsed: number;
  /** null: any number. */
  readonly masks: number | null;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** As of the last plan; null and empty before the first. Worth is in expected packets/s. */
  readonly threshold: number | null;
  /** Null, too, when there was nothing to swap or no swap gained enough. */
  readonly swapGain: number | null;
  /** Operations that could be afforded. */
  readonly operationsLeft: number | null;
  /** Flows of no declared slice, then each declared slice. */
  readonly shares: readonly ShareView[];
  readonly limits: readonly ThroughputView[];
}

export interface SourceView {
  readonly name: string;
  readonly fresh: boolean;
  readonly ageMs: number | null;
  readonly failures: number;
  readonly error: string | null;
  readonly costMs: number;
  readonly periodMs: number;
}

export interface PathView {
  /** Since the daemon started, with L2 headers. */
  readonly bytes: number;
  readonly packets: number;
  /** Mean between the last two readings. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** A slice: what it has, and what it may have. */
export interface SliceView {
  readonly name: string;
  /** Its part of what nobody has a guarantee for, relative to the other slices' weights. */
  readonly weight: number;
  /** By where they are placed. */
  readonly flows: Readonly<Record<PlacementName, number>>;
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  /** Entries of the NIC's table; null: none is guaranteed, and it may have all. */
  readonly guaranteedEntries: number | null;
  readonly maximumEntries: number | null;
  /**
   * Flows that are worth an entry of the NIC's table, the entries that are due to it now, and those it
   * has, as of the last plan; null: it is not declared, and shares a part with all that are not.
   */
  readonly wantedEntries: number | null;
  readonly shareEntries: number | null;
  readonly usedEntries: number | null;
}

export interface PortView {
  readonly name: string;
  readonly kind: string;
  readonly vm: string | null;
  readonly slice: string | null;
  readonly rxBitsPerSecond: number | null;
  readonly txBitsPerSecond: number | null;
  readonly linkBitsPerSecond: number | null;
}

export interface PoliciesView {
  readonly files: readonly string[];
  /** Flow rules in force. */
  readonly rules: number;
  /** Problems of the last reload when it failed; the rules in force are then older. */
  readonly problems: readonly string[];
  /** Hash of all policies in force together, and since when they are (ISO 8601). */
  readonly revision: string;
  readonly since: string;
  /** The policies in force, in order. */
  readonly inForce: readonly PolicyView[];
  /** Null before the first. */
  readonly lastReload: { readonly at: string; readonly result: string } | null;
  /** True while changes of the files are noticed. */
  readonly watching: boolean;
}

/** One policy in force. */
export interface PolicyView {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  /** Hash of its text. */
  readonly revision: string;
  readonly mode: string;
  readonly rules: number;
}
