import type { ConnectionCount } from '../engine/connections/connection-counts.ts';
import type { MeterReading, UncountedPort } from '../engine/ports/connection-meter.ts';
import type { InputView } from './input-view.ts';
import type { UnservedPort } from '../engine/ports/offload-backend.ts';
import type { PlacementName } from '../engine/model/flow.ts';
import type { PathName } from '../telemetry/accounts/tick-accounts.ts';
import type { DropCause } from '../telemetry/shipping/writer-state.ts';

/** A slice's quota, share and use of a backend's table as of the last plan. Unit: entries. */
export interface ShareView {
  /** Null: all flows of no declared slice together. */
  readonly slice: string | null;
  /** Part of the entries beyond all guarantees, relative to the other slices' weights. */
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that request an entry and have or are worth one. */
  readonly wanted: number;
  /** Entries that are due to it now. */
  readonly share: number;
  readonly used: number;
}

/** A limit of a port or the fast path, and what the placed flows are expected to send. */
export interface ThroughputView {
  /** A port and its direction (`p0 send`), all ports together, or the fast path. */
  readonly name: string;
  /** True: nothing is placed beyond it. False: flows outside the limit have precedence. */
  readonly hard: boolean;
  /** Null: unlimited. */
  readonly bitsPerSecond: number | null;
  readonly packetsPerSecond: number | null;
  readonly expectedBitsPerSecond: number;
  readonly expectedPacketsPerSecond: number;
}

/** The daemon and its node as of the last tick. */
export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly node: string;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** The first of `backends`; null without backends. */
  readonly backend: BackendView | null;
  readonly backends: readonly BackendView[];
  /** State of the flow monitors; null: not configured. */
  readonly changes: ChangesView | null;
  readonly tick: TickView;
  readonly sources: readonly SourceView[];
  readonly flows: Readonly<Record<PlacementName, number>>;
  /** Sum of all flows' smoothed rates, by placement. */
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  /** Traffic by path. */
  readonly paths: Readonly<Record<PathName, PathView>>;
  /** Share of the traffic between the last two readings that did not go through the vSwitch, 0 to 1. */
  readonly coverage: { readonly bytes: number | null; readonly packets: number | null };
  /** Estimated CPUs that the vSwitch would need for the traffic of the backends; null: not known. */
  readonly cpuSavedCores: number | null;
  readonly slices: readonly SliceView[];
  readonly ports: readonly PortView[];
  readonly policies: PoliciesView;
  /** State of writing to InfluxDB; null: not configured. */
  readonly influx: InfluxView | null;
  /** State of sending decisions to a collector; null: not configured. */
  readonly collector: CollectorView | null;
  /** Connections that are placed one by one; null: only whole megaflows are placed. */
  readonly connections: ConnectionsView | null;
  /** Channels to the agents of guests, by name; null: not configured. */
  readonly guests: readonly GuestView[] | null;
  /** Samples of installed entries since the start, by result; null: none are taken. */
  readonly samples: SamplesView | null;
  /** True while every flow is held on the vSwitch (onload-all). */
  readonly held: boolean;
  /** Since when, ISO 8601, also across restarts of the daemon; null: nothing is held. */
  readonly heldSince: string | null;
  /** Address of the live page; null: it is not served. */
  readonly pageUrl: string | null;
}

/** The channel to the agent of a guest. */
export interface GuestView {
  readonly guest: string;
  readonly state: 'unreachable' | 'waiting' | 'connected';
  /** Version of the agent; null: there is no session. */
  readonly agent: string | null;
  /** The transmit rules of the guest have a lease. */
  readonly hasLease: boolean;
  /** The agent wants to end. */
  readonly isLeaving: boolean;
  /** Sessions that have ended, by reason. */
  readonly ended: Readonly<Record<string, number>>;
  /** Why there is no session, or why the last one ended; null: nothing has gone wrong. */
  readonly problem: string | null;
}

/** Results of samples, which compare an installed entry with what the vSwitch would do. */
export interface SamplesView {
  readonly same: number;
  /** It differs; a second look follows. */
  readonly suspected: number;
  /** It still differs, and was removed. */
  readonly different: number;
  readonly notComparable: number;
  /** The vSwitch did not answer. */
  readonly failed: number;
}

/** Counters start with the daemon. */
export interface InfluxView {
  readonly url: string;
  readonly database: string;
  readonly written: number;
  readonly queuedPoints: number;
  readonly queuedBytes: number;
  /** Lost points: the `queue` was full, InfluxDB `refused` them, or the daemon reached its `end`. */
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** Failed requests whose points were sent again. */
  readonly failures: number;
  /** ISO 8601; null: nothing has been written yet. */
  readonly lastSuccess: string | null;
  /** Error or refusal of the last request; null: it succeeded. */
  readonly error: string | null;
}

/** Counters start with the daemon. */
export interface CollectorView {
  readonly url: string;
  /** Decisions that it accepted. */
  readonly written: number;
  readonly queuedDecisions: number;
  /** Lost decisions: the `queue` was full, the collector `refused` them, or the daemon reached its `end`. */
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** Failed requests whose decisions were sent again. */
  readonly failures: number;
  /** ISO 8601; null: nothing has been sent yet. */
  readonly lastSuccess: string | null;
  /** Error or refusal of the last request; null: it succeeded. */
  readonly error: string | null;
}

export interface TickView {
  /** 0 before the first. */
  readonly sequence: number;
  /** Null before the first. */
  readonly ageMs: number | null;
  readonly fresh: boolean;
  /** Duration of the last tick. */
  readonly elapsedMs: number;
  readonly periodMs: number;
}

export interface ChangesView {
  readonly name: string;
  readonly active: boolean;
  /** Why it is not active. Changes are then noticed at the next reading. */
  readonly problem: string | null;
}

export interface BackendView {
  readonly name: string;
  readonly description: string;
  readonly placement: PlacementName;
  readonly started: boolean;
  /** Why it has not started, or its error in the last tick. */
  readonly error: string | null;
  readonly used: number;
  /** Declared entries. */
  readonly entries: number;
  /** Entries that the planner counts on: fewer after refusals. */
  readonly learnedEntries: number;
  readonly masksUsed: number;
  /** Null: unlimited. */
  readonly masks: number | null;
  /** Ports that it does not serve although it is meant to, and why. */
  readonly unservedPorts: readonly UnservedPort[];
  /** The process that removes the entries when the lease lapses; null: the lease ends without one. */
  readonly watchdog: WatchdogView | null;
  /** Its virtual functions; empty for backends that use none. */
  readonly virtualFunctions: readonly VirtualFunctionView[];
  /** Ports whose flows get no entry, because receiving there costs more than the entries save. */
  readonly closedPorts: readonly InputView[];
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /**
   * Age of the last verification: how long ago the vSwitch was asked for the flows that all entries
   * were compared with; null before the first.
   */
  readonly verifiedAgeMs: number | null;
  // As of the last plan; null or empty before the first.
  /** Packets/s. */
  readonly threshold: number | null;
  /** Packets/s; also null if there was nothing to swap or no swap gained enough. */
  readonly swapGain: number | null;
  /** The budget. */
  readonly operationsLeft: number | null;
  /** First the share of flows of no declared slice, then those of the declared slices. */
  readonly shares: readonly ShareView[];
  readonly limits: readonly ThroughputView[];
}

/** The virtual function of a port. */
export interface VirtualFunctionView {
  readonly port: string;
  /** Its number, from 0. */
  readonly vf: number;
  /** Its guest may send by it. */
  readonly open: boolean;
  /** Flows that it carries past the vSwitch. */
  readonly flows: number;
}

/** The watchdog of a backend's lease. */
export interface WatchdogView {
  /** It is known to run; otherwise the lease is not renewed. */
  readonly alive: boolean;
  /** Null: none has started. */
  readonly pid: number | null;
  /** How long ago it last read the lease; null before the first time. */
  readonly readAgeMs: number | null;
  /** Time until the lease lapses if it is not renewed; 0: it has lapsed. */
  readonly leaseLeftMs: number;
  /** Entries that it has removed after lapses, since the daemon started. */
  readonly removedEntries: number;
}

export interface SourceView {
  readonly name: string;
  readonly fresh: boolean;
  readonly ageMs: number | null;
  readonly failures: number;
  readonly error: string | null;
  /** What the source could not do before its last successful reading. */
  readonly note: string | null;
  readonly costMs: number;
  readonly periodMs: number;
}

export interface PathView {
  /** Since the daemon started, including L2 headers. */
  readonly bytes: number;
  readonly packets: number;
  /** Mean between the last two readings. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** A slice's flows, rates, quota and entries. */
export interface SliceView {
  readonly name: string;
  /** Part of the entries beyond all guarantees, relative to the other slices' weights. */
  readonly weight: number;
  readonly flows: Readonly<Record<PlacementName, number>>;
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  // Entries of the NIC table.
  /** Null: no guarantee. */
  readonly guaranteedEntries: number | null;
  /** Null: no maximum. */
  readonly maximumEntries: number | null;
  // As of the last plan; null: the slice is not declared, and has one share with all such flows.
  /** Flows that request an entry and have or are worth one. */
  readonly wantedEntries: number | null;
  readonly shareEntries: number | null;
  readonly usedEntries: number | null;
}

/** Where a backend takes the packets of a port, and why there. */
export interface HookView {
  /** The place in the kernel, `xdp`, `tcx` or `cls_bpf`, or `emulator`. */
  readonly hook: string;
  /** The reason as one word, as in metrics. */
  readonly reason: string;
  /** The reason in one line. */
  readonly why: string;
}

export interface PortView {
  readonly name: string;
  readonly kind: string;
  readonly vm: string | null;
  readonly slice: string | null;
  readonly rxBitsPerSecond: number | null;
  readonly txBitsPerSecond: number | null;
  readonly linkBitsPerSecond: number | null;
  /** Null: no backend serves the port, or the backend has no hooks. */
  readonly hook: HookView | null;
}

export interface PoliciesView {
  readonly files: readonly string[];
  /** Flow rules in force. */
  readonly rules: number;
  /** Problems of the last reload if it failed; the rules in force are then older. */
  readonly problems: readonly string[];
  /** Hash of all policies in force together. */
  readonly revision: string;
  /** When they came into force, ISO 8601. */
  readonly since: string;
  /** The policies in force, in order. */
  readonly inForce: readonly PolicyView[];
  /** Null before the first. */
  readonly lastReload: { readonly at: string; readonly result: string } | null;
  /** True while the files are watched for changes. */
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

/** Connections with rows of their own, as of the last reading; each direction counts. */
export interface ConnectionsView {
  /** By what became of them: `resolved`, or why they can have no entry. States without any are left out. */
  readonly states: readonly ConnectionCount[];
  readonly meter: MeterReading;
  /** Ports whose packets are not counted by connection although they are meant to be, and why. */
  readonly uncountedPorts: readonly UncountedPort[];
}
