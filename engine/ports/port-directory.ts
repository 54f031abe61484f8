import type { PortSnapshot } from '../model/port.ts';

/** Ports of the node and their changes. */
export interface PortDirectory {
  /** What is known now; empty before the first answer. */
  current(): PortSnapshot;
  /** True while `current()` is known to follow the node (connected and in step). */
  inStep(): boolean;
  /**
   * Calls `listener` at once with what is known, then after every change, in order. The returned
   * function ends it.
   */
  subscribe(listener: (ports: PortSnapshot) => void): () => void;
  /** Connects; resolves at the first snapshot. Rejects when `signal` aborts first. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
