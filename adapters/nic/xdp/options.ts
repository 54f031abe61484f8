/** How the backend is set up. */
export interface XdpBackendOptions {
  /** Directory on a BPF file system that is this daemon's alone, as /sys/fs/bpf/norikae. */
  readonly pinPath: string;
  /** The compiled program: dist/adapters/nic/xdp/norikae.bpf.o. */
  readonly objectPath: string;
  /** Most entries. */
  readonly entries: number;
  /** Most distinct masks, 128 at most: each costs a lookup for every packet. */
  readonly masks: number;
  /** Lease in ms: that long after the last renewal every packet goes to the vSwitch. */
  readonly leaseMs: number;
  /** Heartbeat period: one packet of each flow goes to the vSwitch in this time, ms; 0: no heartbeat. */
  readonly heartbeatMs: number;
  /** How long a port is left alone that refused a redirect, the first time, ms; 5,000 by default. */
  readonly minStallMs?: number;
  /** Where the program runs: in the driver, in the stack, or the first of the two that works. */
  readonly mode: 'auto' | 'native' | 'generic';
  /** Names of the ports to attach to; every port with a kernel device when not given. */
  readonly ports?: readonly string[];
}
