import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';

/** Requested properties of a fixture. A backend without exactly these rounds up. */
export interface OffloadBackendNeeds {
  readonly entries: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
}

/**
 * A node with one backend and a sender of packets. "The vSwitch" receives the packets that the
 * backend passes on; the suite only counts them.
 */
export interface OffloadBackendFixture {
  /** A backend that has not been started, on a node without entries. */
  readonly backend: OffloadBackend;
  /** Three ports that the backend can use. */
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  /** The clock of leases, ms: CLOCK_MONOTONIC on a real node. */
  nowMs(): number;
  /** The ports as they are now. */
  ports(): PortSnapshot;
  /** The n-th of at least 200 flows that the backend supports, from inPort to outPort. */
  flow(n: number): FlowSpec;
  /** The same flow (id, match) sent to otherPort instead. */
  redirected(n: number): FlowSpec;
  /** Flows that only this backend refuses. */
  readonly refused: readonly {
    readonly what: string;
    readonly flow: FlowSpec;
    readonly code: RefusalCode;
  }[];
  /** Left out when packets have no addresses. */
  readonly rewriting?: {
    /** From inPort to outPort; its actions rewrite addresses and ports. */
    readonly flow: FlowSpec;
    /** Begins to watch outPort; the returned function returns the frames that arrived since. */
    watch(): Promise<() => readonly Buffer[]>;
    /** What so many packets of the flow must become, in the order in which they are sent. */
    expected(packets: number): readonly Buffer[];
  };
  /** Bytes of a packet that `send` sends, with the L2 header. */
  readonly frameBytes: number;
  /** Sends packets of a flow to its port; resolves once they are processed. */
  send(flow: FlowSpec, packets: number): Promise<void>;
  /** Packets that the backend itself has sent out of a port, since the fixture was made. */
  received(port: string): Promise<number>;
  /** Packets that the backend has passed to the vSwitch, since the fixture was made. */
  passed(): Promise<number>;
  /** Removes a port from the node without notifying the backend. */
  removePort(name: string): Promise<void>;
  /** Recreates a removed port, with its old ifindex if possible. */
  recreatePort(name: string): Promise<void>;
  /** Waits for `ms`. */
  pass(ms: number): Promise<void>;
  /** Returns after the lease has run out. */
  expireLease(): Promise<void>;
  /** Lets some ms of the clock pass. */
  passTime(): Promise<void>;
  /** Returns when the next packet of every entry must be a heartbeat. */
  passHeartbeat(): Promise<void>;
  /**
   * Kills the daemon without closing its backend; returns a new backend, not started, for the same
   * entries.
   */
  restart(): Promise<OffloadBackend>;
  /** Cleans up, whatever the test did. */
  close(): Promise<void>;
}

/** Capabilities of a fixture, in addition to those of the backend. */
export interface OffloadBackendManifest {
  /** Runs first; may skip everything: `(context) => needs(context, 'root', 'xdp')`. */
  readonly before?: (context: Mocha.Context) => void;
  /** Packets can be sent and counted. */
  readonly traffic: boolean;
  /** Ports can be removed and recreated. */
  readonly portChanges: boolean;
  /**
   * Entries are removed when the lease expires and restored by its renewal; otherwise they stay.
   */
  readonly entriesLapse?: boolean;
  /** Bound of each test, ms. */
  readonly timeoutMs?: number;
}

/** Creates a fixture, once per test. */
export type MakeOffloadBackendFixture = (
  needs: OffloadBackendNeeds,
) => Promise<OffloadBackendFixture>;

/** Runs one test on a new fixture, started and with its lease renewed. */
export type WithBackend = (
  test: (
    fixture: OffloadBackendFixture,
    backend: OffloadBackend,
    context: Mocha.Context,
  ) => Promise<void>,
  needs?: Partial<OffloadBackendNeeds>,
) => (this: Mocha.Context) => Promise<void>;
