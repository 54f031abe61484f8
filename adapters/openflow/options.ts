import type { SwitchClientOptions } from '../../protocols/openflow/connection/switch-client.ts';

/** A port of the switch: its name, or its OpenFlow number. */
export type PortRef = string | number;

/** Where the packets of a vSwitch's port come from, seen from the switch before it. */
export interface Entrance {
  /** Port of the switch by which they come in: the uplink. */
  readonly uplink: PortRef;
  /** Port by which the switch hands them to the vSwitch; undefined: there are no heartbeats. */
  readonly slow?: PortRef;
}

/** What an OpenFlow backend is made of. */
export interface OpenFlowOptions {
  readonly connection: SwitchClientOptions;
  /** The vSwitch's ports that lie behind the switch, by name. */
  readonly entrances: Readonly<Record<string, Entrance>>;
  /** Ports of the switch that stand for ports of the vSwitch: the fast path in place of a VM. */
  readonly exits: Readonly<Record<string, PortRef>>;
  /** Rules that may be put in the switch. */
  readonly entries: number;
  /** What the fast path behind it processes; left out: any number. */
  readonly throughput?: { readonly packetsPerSecond: number; readonly bitsPerSecond: number };
  /** Priority of the rules in table 0; the next higher one is used, too, for heartbeats. */
  readonly priority: number;
  /** Upper 16 bits of every cookie: whose rules they are. */
  readonly cookieTag: number;
  /** A rule is gone when it has not been renewed for so long, ms; whole seconds, 2 at least. */
  readonly leaseMs: number;
  /** Heartbeat period: how often a flow takes the slow path for a moment, ms; 0: never. */
  readonly heartbeatMs: number;
  /** How long that moment is, ms. */
  readonly pauseMs: number;
  /** File that says which flow each rule is of, for the next daemon. */
  readonly journal: string;
}
