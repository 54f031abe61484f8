/** A port of the vSwitch, from the port directory. */
export interface PortInfo {
  /** Interface name: unique on the node at one moment. */
  readonly name: string;
  /** Identity that is never reused (OVSDB row UUID): a recreated port has another one. */
  readonly uuid: string;
  /** Kernel interface index; 0 if the port has no kernel device. The kernel reuses it. */
  readonly ifindex: number;
  readonly bridge: string;
  /** Where the vSwitch takes its packets: in the kernel, or in ovs-vswitchd; left out: not known. */
  readonly datapath?: 'kernel' | 'userspace';
  /** What the port is connected to. */
  readonly kind: 'vm' | 'uplink' | 'internal' | 'other';
  /** MAC address of the attached device, as `aa:bb:cc:dd:ee:ff`, if known. */
  readonly mac: string | undefined;
  /** VM and slice it belongs to (external_ids), if set. */
  readonly vm: string | undefined;
  readonly slice: string | undefined;
  /** Link speed in bits/s; undefined if the device does not report it. */
  readonly linkBitsPerSecond: number | undefined;
  /** True if the host limits or schedules its egress traffic (OVSDB `Port.qos`). */
  readonly shaped: boolean;
  /** True if the host drops ingress traffic above a rate (OVSDB `ingress_policing_*`). */
  readonly policed: boolean;
  /** How the vSwitch exports its traffic, such as `NetFlow of br0`; left out: not at all. */
  readonly exports?: string;
  /** True if the vSwitch itself moves flows of its ports to hardware; left out: it does not. */
  readonly vswitchOffloads?: boolean;
  /** How often the vSwitch must see a flow that enters here; left out: no limit is known. */
  readonly heartbeatLimit?: HeartbeatLimit;
}

/** How often the vSwitch must see a packet of a flow, so that nothing in it idles out. */
export interface HeartbeatLimit {
  /** Longest time between two packets, ms; 0: it must see every packet. */
  readonly ms: number;
  /** The reason, one line: what would idle out, and what to do. */
  readonly why: string;
}

/** All ports at one moment, by name. A new snapshot is a new object. */
export type PortSnapshot = ReadonlyMap<string, PortInfo>;
