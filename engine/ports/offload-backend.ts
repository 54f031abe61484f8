import type { FlowSpec, PlacementName } from '../model/flow.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { Refusal } from '../model/refusal.ts';

/** What a backend can do, for people and for the contract tests. */
export interface BackendCapabilities {
  /** The placement it serves; flows on it are `offload` (NIC) or `fast-path` (OpenFlow switch). */
  readonly placement: Exclude<PlacementName, 'onload'>;
  /** Entries it can hold. */
  readonly entries: number;
  /** Distinct masks it can hold at a time; Infinity when it does not matter. */
  readonly masks: number;
  /** What it processes of all its flows together; left out: more than its ports can bring. */
  readonly throughput?: { readonly packetsPerSecond: number; readonly bitsPerSecond: number };
  /** A lease that sends traffic back to the vSwitch when it is not renewed, in ms. */
  readonly leaseMs: number;
  /** One packet a flow passes to the vSwitch every so many ms; 0 when it has none. */
  readonly heartbeatMs: number;
  /** Installed entries outlive the daemon and can be adopted by the next one. */
  readonly survivesRestart: boolean;
  /** It knows when the last packet it carried of a flow was: see {@link CounterSink}. */
  readonly tellsLastPacket: boolean;
  /** One line for logs: device, mode, version. */
  readonly description: string;
}

/** An answer to "could you carry this flow". */
export type Support = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

/** Put installs or replaces in one step; delete is no error when the entry is gone. */
export type Operation =
  | { readonly kind: 'put'; readonly flow: FlowSpec }
  | { readonly kind: 'delete'; readonly id: FlowId };

/** What became of one operation. */
export type OperationResult =
  | {
      readonly ok: true;
      readonly outcome: 'installed' | 'replaced' | 'unchanged' | 'deleted' | 'absent';
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** Entries in use and the most that have been found to fit. */
export interface Capacity {
  readonly entries: number;
  readonly used: number;
  readonly masks: number;
  readonly masksUsed: number;
}

/** Receives the ids of what is installed. */
export interface EntrySink {
  entry(id: FlowId): void;
}

/**
 * Receives what the backend carried since the last reading, per flow. Called once per flow with
 * traffic, words of the {@link FlowId} as arguments so that nothing is allocated.
 */
export interface CounterSink {
  /**
   * @param packets carried since the last reading, at least 1
   * @param bytes of these packets, with the L2 header
   * @param idleMs time from the last of these packets to this call, ms; negative when the backend
   *   does not know
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
 * A place other than the vSwitch that can process flows: a NIC's table, an OpenFlow switch.
 *
 * Every promise settles within the backend's own time-out. A put that is refused leaves what was
 * installed for that flow before either as it was or gone, never something else.
 */
export interface OffloadBackend {
  readonly name: string;
  /** Attaches to the node; adopts what an earlier daemon left installed. */
  start(ports: PortSnapshot, signal: AbortSignal): Promise<void>;
  capabilities(): BackendCapabilities;
  /** Whether the flow could be expressed; pure, cheap, no promise that there is room. */
  supports(flow: FlowSpec): Support;
  capacity(): Capacity;
  /** Carries out operations in order; one result each, same order. Rejects only when unusable. */
  apply(operations: readonly Operation[], signal: AbortSignal): Promise<readonly OperationResult[]>;
  /** Tells what is really installed, read from the device. */
  entries(sink: EntrySink, signal: AbortSignal): Promise<void>;
  /** Tells what was carried since the last call, entries deleted in between included. */
  counters(sink: CounterSink, signal: AbortSignal): Promise<void>;
  /**
   * Follows the port directory: takes out, before it resolves, every entry that names a port
   * which is gone or is not the port it was (uuid, ifindex), or whose traffic is now limited as
   * the backend cannot do it (see model/qos.ts). Resolves to the ids taken out.
   */
  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]>;
  /**
   * Calls `listener` when the backend has taken entries out for a cause of its own, such as a port
   * of the device that lost its link; {@link portsChanged} then tells which. The returned function
   * ends it. Left out by backends to which that does not happen.
   */
  onLost?(listener: () => void): () => void;
  /** Promises to be alive for another lease; past it, every packet goes to the vSwitch. */
  renewLease(): Promise<void>;
  /** Takes everything out. Resolves to the number of entries taken out. */
  withdrawAll(): Promise<number>;
  /**
   * Ends. `withdraw` takes everything out and detaches; `keep` leaves entries and lease for the
   * next daemon to adopt.
   */
  close(how: 'withdraw' | 'keep'): Promise<void>;
}
