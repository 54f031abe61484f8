/**
 * The daemon's settings, as they are after the file was checked and defaults were filled in. What
 * each one means, with units and bounds, is in config.schema.json beside this file.
 */
export interface Config {
  /** Absolute path of the file the settings came from. */
  readonly file: string;
  readonly node: NodeConfig;
  readonly backend: BackendConfig;
  readonly poll: PollConfig;
  readonly planner: PlannerConfig;
  /** Absolute paths of the policy files, in the order they are read. At least one. */
  readonly policies: readonly string[];
  /** What becomes of installed entries when the daemon ends. */
  readonly onExit: 'withdraw' | 'keep';
  readonly http: HttpConfig;
  /** Absolute path of the control socket. */
  readonly control: { readonly path: string };
  readonly log: LogConfig;
}

/** Which node is driven; only the chosen adapter's section is used. */
export interface NodeConfig {
  readonly adapter: 'emulator' | 'ovs';
  readonly emulator: EmulatorConfig;
  readonly ovs: OvsConfig;
}

export interface EmulatorConfig {
  /** The same seed gives the same traffic. */
  readonly seed: number;
  readonly vms: number;
  /** Names of the slices; VMs are spread over them in turn. */
  readonly slices: readonly string[];
  /** Offered load as a share of the rate of both NIC ports together, 0 to 1. */
  readonly load: number;
  /** Most megaflows at a time. */
  readonly maxFlows: number;
  /** Places of the NIC's hash table that a put may try. */
  readonly probeDepth: number;
}

export interface OvsConfig {
  /** Folder of vswitchd's pid file and control socket. */
  readonly runDir: string;
  /** Socket of ovsdb-server. */
  readonly database: string;
  /** Datapath to read, e.g. `netdev@ovs-netdev`; undefined: the only one there is. */
  readonly datapath?: string;
  readonly timeoutMs: number;
}

export interface BackendConfig {
  /** `none` observes and decides, and places nothing. */
  readonly adapter: 'emulator' | 'xdp' | 'none';
  readonly entries: number;
  readonly masks: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Folder on a bpf file system where maps and programs are pinned (`xdp`). */
  readonly pinPath: string;
  readonly mode: 'auto' | 'native' | 'generic';
  /** Ports to attach to; undefined: every port of the vSwitch that has a kernel device. */
  readonly ports?: readonly string[];
}

export interface PollConfig {
  readonly periodMs: number;
  readonly maxPeriodMs: number;
  /** Share of vswitchd's time that dumps may take, 0 to 1. */
  readonly sourceShare: number;
  readonly timeoutMs: number;
}

export interface PlannerConfig {
  readonly minHoldMs: number;
  /** A newcomer must beat an incumbent's score by this factor, 1 or more. */
  readonly hysteresis: number;
  readonly operationsPerSecond: number;
  readonly burst: number;
}

export interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly ifTaken: 'fail' | 'any';
  readonly allowRemote: boolean;
}

export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `auto`: pretty on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
}
