import type { PortSnapshot } from '../../engine/model/port.ts';
import type { PortDirectory } from '../../engine/ports/port-directory.ts';
import type { Faults } from './faults.ts';
import type { NodePorts } from './node-ports.ts';

const NO_PORTS: PortSnapshot = new Map();

/** The ports of the emulated node. */
export class EmulatedPortDirectory implements PortDirectory {
  readonly #ports: NodePorts;
  readonly #faults: Faults;
  readonly #listeners = new Set<(ports: PortSnapshot) => void>();
  #current = NO_PORTS;
  #unfollow: (() => void) | undefined;

  constructor(ports: NodePorts, faults: Faults) {
    this.#ports = ports;
    this.#faults = faults;
  }

  current(): PortSnapshot {
    return this.#current;
  }

  inSync(): boolean {
    return this.#unfollow !== undefined;
  }

  connected(): boolean {
    return this.inSync();
  }

  subscribe(listener: (ports: PortSnapshot) => void): () => void {
    // Wrapped, so that one function can be subscribed twice.
    const entry = (ports: PortSnapshot) => listener(ports);
    this.#listeners.add(entry);
    listener(this.#current);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#faults.pass('ports.start', signal);
    this.connect();
  }

  async close(): Promise<void> {
    this.disconnect();
    this.#listeners.clear();
  }

  /** Disconnects from the node: the last known ports stay and become stale. */
  disconnect(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  /** Reconnects to the node and reports the changes it missed. */
  connect(): void {
    if (this.#unfollow !== undefined) return;
    this.#unfollow = this.#ports.onChange((ports) => this.#notify(ports));
    this.#notify(this.#ports.snapshot());
  }

  #notify(ports: PortSnapshot): void {
    if (ports === this.#current) return;
    this.#current = ports;
    for (const listener of this.#listeners) listener(ports);
  }
}
