import type { FlowSpec, PlacementName } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { Refusal } from '../model/refusal.ts';

/** Capabilities of a backend, for display and for the contract tests. */
export interface BackendCapabilities {
  /** Placement that it serves: `offload` (NIC) or `fast-path` (OpenFlow switch). */
  readonly placement: Exclude<PlacementName, 'onload'>;
  /** Declared entries. */
  readonly entries: number;
  /** Maximum number of distinct masks; Infinity if unlimited. */
  readonly masks: number;
  /** Throughput limit of all its flows together; left out: its ports are the only limit. */
  readonly throughput?: { readonly packetsPerSecond: number; readonly bitsPerSecond: number };
  /** How long packets may follow the entries after these were verified, ms; see {@link OffloadBackend.renewLease}. */
  readonly leaseMs: number;
  /**
   * Longest time from one verification to the renewal that the next one is the base of, for the
   * lease not to expire, ms; left out: `leaseMs`.
   */
  readonly verifyWithinMs?: number;
  /**
   * Time after which one packet of each flow passes to the vSwitch, ms, at a moment when this does
   * not change the order of packets if the flow has such moments; 0: no heartbeats.
   */
  readonly heartbeatMs: number;
  /** Time after which a packet passes at any moment, ms; at least `heartbeatMs`. */
  readonly heartbeatLimitMs: number;
  /** Installed entries outlive the daemon and can be adopted by the next one. */
  readonly survivesRestart: boolean;
  /** It reports the time of the last packet of a flow, see {@link CounterSink}. */
  readonly reportsLastPacket: boolean;
  /**
   * False: it has no counters, and {@link OffloadBackend.counters} reports nothing. The rates of its flows
   * then stay those that the vSwitch counted before. Left out: true.
   */
  readonly countsTraffic?: boolean;
  /**
   * Longest time from a packet to its appearance in the counters, ms: an entry that reports no traffic
   * for less than this may have carried some. Left out: none.
   */
  readonly counterDelayMs?: number;
  /** One line for logs: device, mode, version. */
  readonly description: string;
}

/** Whether a backend can express a flow. */
export type Support = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

/** `put` installs or replaces an entry atomically; `delete` succeeds if there is no entry. */
export type Operation =
  | { readonly kind: 'put'; readonly flow: FlowSpec }
  | { readonly kind: 'delete'; readonly id: FlowId };

/** Result of one operation. */
export type OperationResult =
  | {
      readonly ok: true;
      readonly outcome: 'installed' | 'replaced' | 'unchanged' | 'deleted' | 'absent';
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** Use and limits of a table. */
export interface Capacity {
  readonly entries: number;
  readonly used: number;
  readonly masks: number;
  readonly masksUsed: number;
}

/** Receives the ids of installed entries. */
export interface EntrySink {
  entry(id: FlowId): void;
}

/**
 * Receives the traffic that the backend carried since the last reading, once per flow with traffic.
 * The words of the {@link FlowId} are arguments so that nothing is allocated.
 */
export interface CounterSink {
  /**
   * @param packets carried since the last reading, at least 1
   * @param bytes bytes of these packets, including the L2 header
   * @param idleMs time from the last of these packets to this call, ms; negative if unknown
   */
  carried(
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    packets: number,
    bytes: number,
    idleMs: number,
  ): void;
}

/**
 * Result of a renewal. `late`: the lease is not in force, because the entries were verified too long
 * ago, or before the last lease expired; a newer verification is needed.
 */
export type LeaseRenewal = 'renewed' | 'late';

/** A port that a backend does not serve although it is meant to. */
export interface UnservedPort {
  readonly name: string;
  /** One line: what is in the way, and what to do. */
  readonly why: string;
}

/** The process that removes a backend's entries when their lease lapses, where no device does. */
export interface WatchdogState {
  /** True while it is known to run; otherwise the lease is not renewed. */
  readonly isAlive: boolean;
  /** 0: none has started. */
  readonly pid: number;
  /** Time since it last read the lease, ms; Infinity before the first time. */
  readonly readAgeMs: number;
  /** Time until the lease lapses if it is not renewed, ms; 0: it has lapsed. */
  readonly leaseLeftMs: number;
  /** Entries that it has removed, as the backend has noticed since it started. */
  readonly removedEntries: number;
}

/** A virtual function of a NIC, by which a backend sends the packets of one port past the vSwitch. */
export interface VirtualFunctionState {
  /** Port of the vSwitch. */
  readonly port: string;
  /** Number of the virtual function, from 0. */
  readonly vf: number;
  /** It is open: its guest may send by it. */
  readonly isOpen: boolean;
  /** Flows that have an entry. */
  readonly flows: number;
}

/** Where a backend takes the packets of a port, and why there. */
export interface PortHook {
  readonly name: string;
  /** The place in the kernel, `xdp`, `tcx`, `cls_bpf` or `flower`, or `emulator`. */
  readonly hook: string;
  /** The reason as one word, for metrics. */
  readonly reason: string;
  /** The reason in one line. */
  readonly why: string;
}

/** A port by which flows can enter a backend. */
export interface InputPort {
  readonly name: string;
  /** True while the backend receives the port's packets; the first entry opens the port. */
  readonly isOpen: boolean;
  /**
   * Largest packet that the backend can carry from this port, bytes with the L2 header. The vSwitch
   * counts larger ones where a sender leaves segmentation to its device.
   */
  readonly maxBytes: number;
  /**
   * True if senders split larger packets while the port is open, so that the vSwitch gets more
   * packets of the port's other flows.
   */
  readonly splitsSegments: boolean;
}

/**
 * A table outside the vSwitch that can process flows: a NIC's table, an OpenFlow switch.
 *
 * Every promise settles within the backend's own time-out. After a refused put, the flow's previous
 * entry is either unchanged or removed.
 */
export interface OffloadBackend {
  readonly name: string;
  /** Attaches to the node; takes over entries that an earlier daemon left. */
  start(ports: PortSnapshot, signal: AbortSignal): Promise<void>;
  capabilities(): BackendCapabilities;
  /** Whether the flow can be expressed; pure and cheap; independent of free entries. */
  supports(flow: FlowSpec): Support;
  capacity(): Capacity;
  /**
   * Installed entries that other flows of the vSwitch do not permit any more. Called with each
   * reading, before anything else is decided; the entries are removed then. Left out by backends
   * whose entries take the packets of their own flow alone.
   */
  contradicted?(table: FlowTable): readonly FlowId[];
  /**
   * The ports that it does not serve, or to which it cannot send now: their flows stay on the
   * vSwitch. Without ports that are excluded by the configuration or by their kind. Left out by
   * backends that serve every port.
   */
  unservedPorts?(): readonly UnservedPort[];
  /**
   * The watchdog of its lease; undefined before the start. Left out by backends whose lease ends without one.
   */
  watchdog?(): WatchdogState | undefined;
  /** Its virtual functions, in the order of the configuration. Left out by backends that use none. */
  virtualFunctions?(): readonly VirtualFunctionState[];
  /** Where it takes the packets of each port that it serves. Left out by backends with one place. */
  portHooks?(): readonly PortHook[];
  /**
   * The ports by which flows can enter, where receiving a port's packets costs its other traffic.
   * Left out by backends whose ports are always open.
   */
  inputPorts?(): readonly InputPort[];
  /** Applies operations in order; results have the same order. Rejects only if it is unusable. */
  apply(operations: readonly Operation[], signal: AbortSignal): Promise<readonly OperationResult[]>;
  /** Reads the installed entries from the device. */
  entries(sink: EntrySink, signal: AbortSignal): Promise<void>;
  /** Reports the traffic since the last call, including that of entries deleted since then. */
  counters(sink: CounterSink, signal: AbortSignal): Promise<void>;
  /**
   * Updates the ports: removes, before it resolves, every entry with a port that is gone or was
   * replaced (uuid, ifindex), or that has QoS now (see model/qos.ts). Resolves to the ids of the
   * removed entries.
   */
  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]>;
  /**
   * Calls `listener` when the backend has removed entries by itself, for example because a port of
   * the device lost its link; {@link portsChanged} then returns their ids. The returned function
   * unsubscribes. Left out by backends that never do this.
   */
  onLost?(listener: () => void): () => void;
  /**
   * Renews the lease: packets follow the entries until `leaseMs` after `verifiedAtMs`, and go to the
   * vSwitch from then on. A lease that has expired is renewed only if the entries were verified
   * after it had expired.
   *
   * The end depends on the verification, not on the time of the call: a process that is stopped
   * before the device gets the renewal cannot restore entries that nothing has verified since.
   *
   * @param verifiedAtMs when the vSwitch was asked for the flows that all entries were compared
   *   with, ms of CLOCK_MONOTONIC (the node's {@link Clock}); not in the future
   */
  renewLease(verifiedAtMs: number): Promise<LeaseRenewal>;
  /** Ends the lease: every packet goes to the vSwitch until the lease is renewed. */
  endLease(): Promise<void>;
  /** Removes all entries. Resolves to their number. */
  withdrawAll(): Promise<number>;
  /**
   * Ends. `withdraw` removes all entries and detaches; `keep` leaves entries and lease for the next
   * daemon to adopt.
   */
  close(how: 'withdraw' | 'keep'): Promise<void>;
}
