import { join } from 'node:path';
import type { HeartbeatLimit, PortSnapshot } from '../../engine/model/port.ts';
import type { ChangeMonitor } from '../../engine/ports/change-monitor.ts';
import type { PortDirectory } from '../../engine/ports/port-directory.ts';
import { FlowMonitor } from './flow-monitor.ts';
import { RuleTimeouts } from './rule-timeouts.ts';

/** Options of {@link BridgeMonitors}. */
export interface BridgeMonitorsOptions {
  /** Folder with the bridges' management sockets, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** The source of the bridges. */
  readonly ports: PortDirectory;
  /** True for cookies of our own rules. */
  readonly isOurs: (cookie: bigint) => boolean;
  readonly timeoutMs: number;
  /** See {@link RuleTimeoutsOptions.assumedSeconds}. */
  readonly assumedSeconds?: number;
}

/** Monitors the rules of all bridges of a vSwitch, as bridges are added and removed. */
export class BridgeMonitors implements ChangeMonitor {
  readonly name = 'flow monitors';
  readonly #options: BridgeMonitorsOptions;
  readonly #monitors = new Map<string, FlowMonitor>();
  readonly #timeouts = new Map<string, RuleTimeouts>();
  readonly #listeners = new Set<() => void>();
  readonly #limitListeners = new Set<() => void>();
  #unsubscribe: (() => void) | undefined;

  constructor(options: BridgeMonitorsOptions) {
    this.#options = options;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Longest time between two packets of a flow through the vSwitch that keeps the bridge's rules alive. */
  heartbeatLimit(bridge: string): HeartbeatLimit | undefined {
    return this.#timeouts.get(bridge)?.limit;
  }

  /** Calls `listener` when a {@link heartbeatLimit} has changed; the returned function unsubscribes. */
  onLimitChange(listener: () => void): () => void {
    this.#limitListeners.add(listener);
    return () => this.#limitListeners.delete(listener);
  }

  start(): void {
    this.#unsubscribe ??= this.#options.ports.subscribe((ports) => this.#follow(ports));
  }

  /** True while every bridge is monitored. */
  active(): boolean {
    return this.#monitors.size > 0 && [...this.#monitors.values()].every((m) => m.active());
  }

  problem(): string | undefined {
    if (this.#monitors.size === 0) return 'no bridge is known yet';
    for (const monitor of this.#monitors.values()) {
      const problem = monitor.problem();
      if (problem !== undefined) return `${monitor.name}: ${problem}`;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#listeners.clear();
    this.#limitListeners.clear();
    await Promise.all([...this.#monitors.values()].map((monitor) => monitor.close()));
    this.#monitors.clear();
  }

  #follow(ports: PortSnapshot): void {
    const bridges = new Set([...ports.values()].map((port) => port.bridge));
    for (const [bridge, monitor] of this.#monitors) {
      if (bridges.has(bridge)) continue;
      this.#monitors.delete(bridge);
      this.#timeouts.delete(bridge);
      void monitor.close();
    }
    for (const bridge of bridges) {
      if (this.#monitors.has(bridge)) continue;
      const { runDir, isOurs, timeoutMs, assumedSeconds } = this.#options;
      const path = join(runDir, `${bridge}.mgmt`);
      const target = { kind: 'unix', path } as const;
      const onChange = (): void => {
        for (const listener of this.#limitListeners) listener();
      };
      const timeouts = new RuleTimeouts({ bridge, assumedSeconds, onChange });
      this.#timeouts.set(bridge, timeouts);
      const connection = { target, session: { timeoutMs } };
      const monitor = new FlowMonitor({ connection, isOurs, timeouts });
      this.#monitors.set(bridge, monitor);
      monitor.subscribe(() => {
        for (const listener of this.#listeners) listener();
      });
      monitor.start();
    }
  }
}
