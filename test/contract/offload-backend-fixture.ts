import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';

/** What a fixture is asked for. A backend that cannot be set up like this rounds up. */
export interface OffloadBackendNeeds {
  readonly entries: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
}

/**
 * A node with one backend and somebody who sends packets through it. "The vSwitch" is whoever
 * gets the packets that the backend does not take; the suite only counts them.
 */
export interface OffloadBackendFixture {
  /** A backend that has not been started, on a node without entries. */
  readonly backend: OffloadBackend;
  /** Three ports that the backend can use. */
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  /** The ports as they are now. */
  ports(): PortSnapshot;
  /** The n-th of at least 200 flows that the backend supports, from inPort to outPort. */
  flow(n: number): FlowSpec;
  /** The same flow (id, match) sent to otherPort instead. */
  redirected(n: number): FlowSpec;
  /** Flows that this backend in particular refuses. */
  readonly refused: readonly {
    readonly what: string;
    readonly flow: FlowSpec;
    readonly code: RefusalCode;
  }[];
  /** Bytes of a packet that `send` sends, with the L2 header. */
  readonly frameBytes: number;
  /** Sends packets of a flow into its port; resolves once they are through. */
  send(flow: FlowSpec, packets: number): Promise<void>;
  /** Packets that the backend itself has sent out of a port, since the fixture was made. */
  received(port: string): Promise<number>;
  /** Packets that the backend has passed to the vSwitch, since the fixture was made. */
  passed(): Promise<number>;
  /** Takes a port out of the node; does not tell the backend. */
  removePort(name: string): Promise<void>;
  /** Makes a removed port again; with its old ifindex where that can be had. */
  recreatePort(name: string): Promise<void>;
  /** Returns after so many ms. */
  pass(ms: number): Promise<void>;
  /** Returns after the lease has run out. */
  expireLease(): Promise<void>;
  /** Returns after every entry's next heartbeat has become due. */
  passHeartbeat(): Promise<void>;
  /** Kills the daemon, not closing its backend; a new one, not started, over what is installed. */
  restart(): Promise<OffloadBackend>;
  /** Leaves nothing behind, whatever the test did. */
  close(): Promise<void>;
}

/** What the suite can ask of a fixture; the backend's own capabilities say the rest. */
export interface OffloadBackendManifest {
  /** Runs first; may skip everything: `(context) => needs(context, 'root', 'xdp')`. */
  readonly before?: (context: Mocha.Context) => void;
  /** Packets can be sent and counted. */
  readonly traffic: boolean;
  /** Ports can be removed and made again. */
  readonly portChanges: boolean;
  /** Entries go when the lease runs out, and come back with its renewal; otherwise they stay. */
  readonly entriesLapse?: boolean;
  /** Bound of each test, ms. */
  readonly timeoutMs?: number;
}

/** Makes a fixture; called once for every test. */
export type MakeOffloadBackendFixture = (
  needs: OffloadBackendNeeds,
) => Promise<OffloadBackendFixture>;

/** Runs one test on a fixture of its own, started and with its lease renewed. */
export type WithBackend = (
  test: (
    fixture: OffloadBackendFixture,
    backend: OffloadBackend,
    context: Mocha.Context,
  ) => Promise<void>,
  needs?: Partial<OffloadBackendNeeds>,
) => (this: Mocha.Context) => Promise<void>;
