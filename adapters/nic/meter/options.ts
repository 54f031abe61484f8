/** How a processor with many packets saves time. */
export interface Sampling {
  /** With more packets a second, it counts a part of them; with fewer, each. */
  readonly above: number;
  /** It counts one packet in so many, so many times; at least 1, which is each. */
  readonly oneIn: number;
}

/**
 * Counting each of 10,000 packets a second takes some 0.5 % of a processor. Counting one in 16 of more
 * packets takes about 1 % of what the vSwitch does with them (`npm run bench -- meter`).
 */
export const SAMPLING: Sampling = { above: 10_000, oneIn: 16 };

/** Options of {@link PacketMeter}. */
export interface PacketMeterOptions {
  /** Directory on a BPF file system that only this daemon uses; that of its NIC table, if it has one. */
  readonly pinPath: string;
  /** The compiled program: dist/adapters/nic/meter/norikae.bpf.o. */
  readonly objectPath: string;
  /** Maximum number of connections; beyond it, those that sent least recently are forgotten. */
  readonly connections: number;
  /** A connection is forgotten this long after its last packet, ms. */
  readonly forgetAfterMs: number;
  /** On which processors packets are sampled; left out: {@link SAMPLING}. */
  readonly sampling?: Sampling;
  /** Where it counts; left out: at tcx where the kernel has it (Linux 6.6), otherwise at cls_bpf. */
  readonly hook?: 'tcx' | 'cls_bpf';
  /** Names of the ports to count on; left out: every port with a kernel device. */
  readonly ports?: readonly string[];
  /** Longest wait for the kernel's network lock (rtnl), ms; 1,000 by default. */
  readonly maxLockWaitMs?: number;
}
