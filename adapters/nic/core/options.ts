/** Options of every backend whose entries are looked up by a BPF program. */
export interface ProgramBackendOptions {
  /** Directory on a BPF file system that only this daemon uses, such as /sys/fs/bpf/norikae. */
  readonly pinPath: string;
  /** Maximum number of entries. */
  readonly entries: number;
  /** Maximum number of distinct masks, at most 128; each costs a lookup per packet. */
  readonly masks: number;
  /** Lease, ms: this long after the last renewal, every packet goes to the vSwitch. */
  readonly leaseMs: number;
  /** Time after which a packet of each flow goes to the vSwitch at the next gap, ms; 0: never. */
  readonly heartbeatMs: number;
  /**
   * Longest time for which packets follow one that could not be redirected, so that they do not
   * overtake it, ms; 5 by default. A new entry waits ten times as long for a gap.
   */
  readonly trainMs?: number;
  /**
   * Longest wait for the kernel's network lock (rtnl), ms; 1,000 by default. Afterwards the port
   * concerned is not served until the lock is free.
   */
  readonly maxLockWaitMs?: number;
  /**
   * A veth or tap has a program only while it has entries, and this long after the last, ms; left
   * out: always, as every other device.
   */
  readonly detachAfterMs?: number;
  /** Names of the ports to attach to; default: every port with a kernel device. */
  readonly ports?: readonly string[];
}
