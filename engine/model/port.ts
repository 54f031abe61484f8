/** A port of the vSwitch, as the port directory knows it. */
export interface PortInfo {
  /** Interface name: unique on the node at one moment. */
  readonly name: string;
  /** Identity that is never reused (OVSDB row UUID): a port deleted and made again differs. */
  readonly uuid: string;
  /** Kernel interface index; 0 when the port has no kernel device. Reused by the kernel! */
  readonly ifindex: number;
  readonly bridge: string;
  /** What is behind it. */
  readonly kind: 'vm' | 'uplink' | 'internal' | 'other';
  /** MAC address of what is attached, as `aa:bb:cc:dd:ee:ff`, when known. */
  readonly mac: string | undefined;
  /** VM and slice it belongs to (external_ids), when set. */
  readonly vm: string | undefined;
  readonly slice: string | undefined;
  /** Link speed in bits/s; undefined when the device does not say. */
  readonly linkBitsPerSecond: number | undefined;
  /** True when the host limits or schedules what goes out of it (OVSDB `Port.qos`). */
  readonly shaped: boolean;
  /** True when the host drops what comes in above a rate (OVSDB `ingress_policing_*`). */
  readonly policed: boolean;
}

/** Every port at one moment, by name. A new snapshot is a new object. */
export type PortSnapshot = ReadonlyMap<string, PortInfo>;
