/** Where rules are carried out: by the NIC alone (`skip_sw`), or by the kernel alone (`skip_hw`). */
export type RulesIn = 'hardware' | 'software';

/** Options of a {@link FlowerBackend}. */
export interface FlowerOptions {
  /** Directory on a BPF file system that only this daemon uses, such as /sys/fs/bpf/norikae. */
  readonly pinPath: string;
  readonly rulesIn: RulesIn;
  /** Maximum number of rules. */
  readonly entries: number;
  /** Lease, ms: this long after the last verification, every packet goes to the vSwitch. */
  readonly leaseMs: number;
  /** Desired time between two packets of a flow that go to the vSwitch, ms; 0: none do. */
  readonly heartbeatMs: number;
  /** In hardware: how long a rule is taken out so that the vSwitch sees its flow, ms. */
  readonly pauseMs?: number;
  /** Time without rules after which a port's gate and `clsact` are removed, ms. */
  readonly detachAfterMs: number;
  /** The compiled programs: dist/adapters/nic/flower/norikae.bpf.o. */
  readonly objectPath: string;
  /** Longest wait for the kernel's network lock (rtnl), ms; 1,000 by default. */
  readonly maxLockWaitMs?: number;
  /** Names of the ports to serve; default: every port with a kernel device. */
  readonly ports?: readonly string[];
}
