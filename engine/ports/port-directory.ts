import type { PortSnapshot } from '../model/port.ts';

/** Ports of the node and their changes. */
export interface PortDirectory {
  /** Known ports; empty before the first answer. */
  current(): PortSnapshot;
  /** True while `current()` is known to be up to date (connected and in sync). */
  inSync(): boolean;
  /** Why it is not in sync; undefined: it is, or the cause is not known. */
  lastError?(): Error | undefined;
  /**
   * True while every change is reported, even if some values are not known yet; false from the loss
   * of the connection to the first report on a new one.
   */
  connected(): boolean;
  /**
   * Calls `listener` immediately with the known ports, then after every change, in order. The
   * returned function unsubscribes.
   */
  subscribe(listener: (ports: PortSnapshot) => void): () => void;
  /**
   * Calls `listener` when something else that decides what happens to packets has changed: mirrors,
   * VLANs, bonds, bridges. It does not report what. The returned function unsubscribes. Left out by
   * directories that do not know.
   */
  onSwitchChange?(listener: () => void): () => void;
  /** Connects; resolves at the first snapshot. Rejects when `signal` aborts first. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
