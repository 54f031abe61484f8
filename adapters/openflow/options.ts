import type { SwitchClientOptions } from '../../protocols/openflow/connection/switch-client.ts';

/** A port of the switch: its name, or its OpenFlow number. */
export type PortRef = string | number;

/** Where the switch receives and delivers the packets of a port of the vSwitch. */
export interface Entrance {
  /** Port of the switch on which they arrive: the uplink. */
  readonly uplink: PortRef;
  /** Port on which the switch sends them to the vSwitch; undefined: no heartbeats. */
  readonly slow?: PortRef;
}

/** Options of an OpenFlow backend. */
export interface OpenFlowOptions {
  readonly connection: SwitchClientOptions;
  /** The vSwitch's ports behind the switch, by name. */
  readonly entrances: Readonly<Record<string, Entrance>>;
  /**
   * Ports of the switch that replace outputs of the vSwitch: the fast path instead of a VM's port.
   */
  readonly exits: Readonly<Record<string, PortRef>>;
  /** Maximum number of rules in the switch. */
  readonly entries: number;
  /** Limits of the fast path behind it; default: unlimited. */
  readonly throughput?: { readonly packetsPerSecond: number; readonly bitsPerSecond: number };
  /** Priority of the rules in table 0; heartbeats use the next higher one. */
  readonly priority: number;
  /** Upper 16 bits of every cookie, which identify our rules. */
  readonly cookieTag: number;
  /** Lifetime of a rule without renewal, ms; whole seconds, at least 2. */
  readonly leaseMs: number;
  /** Heartbeat period: how often a flow takes the slow path for a moment, ms; 0: never. */
  readonly heartbeatMs: number;
  /** Length of that moment, ms. */
  readonly pauseMs: number;
  /** File that maps each rule to its flow, for the next daemon. */
  readonly journal: string;
}
