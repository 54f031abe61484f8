import type { LogSettings } from '../platform/log.ts';

/**
 * The daemon's settings, as they are after the file was checked and defaults were filled in. What
 * each one means, with units and bounds, is in config.schema.json beside this file.
 */
export interface Config {
  /** Absolute path of the file the settings came from. */
  readonly file: string;
  readonly node: NodeConfig;
  readonly backend: BackendConfig;
  /** The node's OpenFlow switch; undefined: there is none. */
  readonly fastPath?: FastPathConfig;
  readonly poll: PollConfig;
  readonly planner: PlannerConfig;
  /** Absolute paths of the policy files, in the order they are read. At least one. */
  readonly policies: readonly string[];
  /** What becomes of installed entries when the daemon ends. */
  readonly onExit: 'withdraw' | 'keep';
  readonly decisions: DecisionsConfig;
  readonly http: HttpConfig;
  /** Where points are written to; undefined: nowhere. */
  readonly influx?: InfluxConfig;
  /** Absolute path of the control socket. */
  readonly control: { readonly path: string };
  readonly log: LogSettings;
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
  /** Whether changes of OpenFlow rules are listened for. */
  readonly flowMonitor: boolean;
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

/** The switch before the vSwitch: exactly one of `connect` and `listen` is there. */
export interface FastPathConfig {
  readonly adapter: 'openflow';
  /** Where the switch is: `unix:`, `tcp:` or `ssl:`. */
  readonly connect?: string;
  /** Where it is waited for: `punix:`, `ptcp:` or `pssl:`. */
  readonly listen?: string;
  /** Highest OpenFlow version to speak. */
  readonly version: '1.0' | '1.3';
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
  readonly timeoutMs: number;
  readonly ports: FastPathPorts;
  readonly entries: number;
  /** What the fast path processes of all flows together; undefined: any number. */
  readonly packetsPerSecond?: number;
  readonly bitsPerSecond?: number;
  readonly priority: number;
  readonly cookieTag: number;
  readonly leaseMs: number;
  /** 0: no heartbeats. */
  readonly heartbeatMs: number;
  readonly pauseMs: number;
  /** Absolute path of the file that says which flow each rule is of. */
  readonly journal: string;
}

export interface FastPathPorts {
  /** Ports of the switch: names, or OpenFlow numbers in digits. */
  readonly uplink: string;
  readonly slow: string;
  readonly fast: string;
  /** Port of the vSwitch that the switch's `slow` port leads to. */
  readonly vswitch: string;
  /** Ports of the vSwitch whose VMs the fast path stands in for. */
  readonly vms: readonly string[];
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
  /** Most that all NIC ports together receive and send; undefined: the sum of their links. */
  readonly receiveBitsPerSecond?: number;
  readonly sendBitsPerSecond?: number;
  readonly operationsPerSecond: number;
  readonly burst: number;
}

export interface DecisionsConfig {
  /** Decisions kept in memory. */
  readonly memory: number;
  /** Absolute path of the file they are written to; undefined: none. */
  readonly file?: string;
  /** Size from which on a new file is begun, bytes, and older files that are kept. */
  readonly maxBytes: number;
  readonly keep: number;
}

export interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly ifTaken: 'fail' | 'any';
  /** Other machines may reach it although there is no TLS or no authentication. */
  readonly allowRemote: boolean;
  /** Flows with the highest rates that `/metrics` names, 0 to 100. */
  readonly topFlows: number;
  /** Absolute paths of PEM files; undefined: no TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Absolute path of the file with the bearer token. */
  readonly tokenFile?: string;
  /** Absolute path of the file with users and password hashes. */
  readonly users?: string;
  /** Names by which browsers may call it. */
  readonly hostNames: readonly string[];
}

/** InfluxDB: 1.x, or 2.x by its 1.x address. */
export interface InfluxConfig {
  readonly url: string;
  readonly database: string;
  readonly retention?: { readonly policy: string; readonly duration: string };
  /** Whether database and retention policy are made when they are not there (1.x). */
  readonly create: boolean;
  /** Who writes: a user with a password (1.x), or a token (2.x). Absolute paths of the secrets. */
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
  /** Absolute path of a PEM file. */
  readonly caFile?: string;
  /** Name of this node; undefined: the host's. */
  readonly node?: string;
  readonly periodMs: number;
  /** 0: none. */
  readonly topFlows: number;
  readonly decisions: boolean;
  readonly batch: { readonly points: number; readonly bytes: number; readonly waitMs: number };
  readonly queue: { readonly points: number; readonly bytes: number };
  readonly timeoutMs: number;
  readonly retry: { readonly minMs: number; readonly maxMs: number };
  readonly stopMs: number;
}
