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
  /** A processor that gets more packets a second counts one in {@link sampleOneIn}, others each. */
  readonly sampleAbove: number;
  /** At least 1, which counts each packet always. */
  readonly sampleOneIn: number;
  /** Names of the ports to count on; left out: every port with a kernel device. */
  readonly ports?: readonly string[];
  /** Longest wait for the kernel's network lock (rtnl), ms; 1,000 by default. */
  readonly maxLockWaitMs?: number;
}
