/** Cumulative CPU time of the host, over all CPUs, in clock ticks (proc(5), /proc/stat). */
export interface CpuTimes {
  readonly total: number;
  readonly idle: number;
  readonly guest: number;
}

/** Cumulative counters of one network device. */
export interface PortCounters {
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
}

/** Counters of the host at one moment. */
export interface HostSample {
  readonly cpu: CpuTimes;
  /** By port name; ports that could not be read are missing. */
  readonly ports: ReadonlyMap<string, PortCounters>;
}

/** CPU and port counters of the host. */
export interface HostSource {
  readonly name: string;
  /** `ports`: names to read. Rejects when the CPU times cannot be read. */
  read(ports: Iterable<string>, signal: AbortSignal): Promise<HostSample>;
}
