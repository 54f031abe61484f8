import type {
  ConnectionDirection,
  ConnectionTuple,
  TrackedConnection,
} from '../model/connection.ts';

/** A connection, and the direction of the packet that it was looked up for. */
export interface FoundConnection {
  readonly connection: TrackedConnection;
  readonly direction: ConnectionDirection;
}

/** Size and cost of bringing a {@link ConnectionTracker} up to date. */
export interface TrackerCost {
  /** Time that the vSwitch's main loop spent on it, ms; 0 for the kernel's conntrack. */
  readonly sourceMs: number;
  /** Connections known now. */
  readonly connections: number;
  /** Records that could not be parsed and were skipped, with one example. */
  readonly skipped: number;
  readonly firstSkipped: string | undefined;
}

/**
 * Whether conntrack declares a TCP packet invalid whose sequence number it did not expect. With
 * `on`, a connection that was carried past conntrack is dead when it returns.
 */
export type SequenceChecks = 'on' | 'off' | 'unknown';

/** The connections that the vSwitch's conntrack knows. */
export interface ConnectionTracker {
  readonly name: string;
  /** Brings the connections up to date. Rejects when they cannot be read; the last ones stay. */
  refresh(signal: AbortSignal): Promise<TrackerCost>;
  /** The connection in `zone` with this tuple in one of its directions, as of the last refresh. */
  find(zone: number, tuple: ConnectionTuple): FoundConnection | undefined;
  /** Reads the setting in force now. */
  sequenceChecks(signal: AbortSignal): Promise<SequenceChecks>;
  /**
   * Calls `listener` soon after connections went or are no longer established, once for those that
   * changed together; the returned function unsubscribes. Missing: changes are seen at a refresh.
   */
  onChange?(listener: () => void): () => void;
  close(): Promise<void>;
}
