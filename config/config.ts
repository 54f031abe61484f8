import type { LogSettings } from '../platform/log.ts';

/**
 * The daemon's settings after checks and with defaults. config.schema.json describes each one, with
 * units and bounds.
 */
export interface Config {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly node: NodeConfig;
  readonly backend: BackendConfig;
  /** The node's OpenFlow switch, if it has one. */
  readonly fastPath?: FastPathConfig;
  readonly poll: PollConfig;
  readonly planner: PlannerConfig;
  /** Absolute paths of the policy files, in reading order; at least one. */
  readonly policies: readonly string[];
  /** What happens to installed entries when the daemon exits. */
  readonly onExit: 'withdraw' | 'keep';
  /** Absolute path of the file that keeps the hold of `onload-all` for the next daemon. */
  readonly hold: { readonly file: string };
  readonly decisions: DecisionsConfig;
  readonly http: HttpConfig;
  /** Undefined: no points are written. */
  readonly influx?: InfluxConfig;
  /** Channels to the agents of guests; undefined: none. */
  readonly guests?: GuestsConfig;
  /** Virtual functions of a NIC; undefined unless the backend is `vf`. */
  readonly sriov?: SriovConfig;
  /** Receive filters of a NIC; undefined unless the backend is `ntuple`. */
  readonly receiveFilters?: ReceiveFiltersConfig;
  /** Connections within megaflows; undefined: only whole megaflows are placed. */
  readonly connections?: ConnectionsConfig;
  /** Absolute path of the control socket. */
  readonly control: { readonly path: string };
  readonly log: LogSettings;
}

/** Channels to the agents of guests. */
export interface GuestsConfig {
  /** Absolute path of the folder with a socket `GUEST.sock` for each guest. */
  readonly directory: string;
  /** Longest time for a reply of a guest, ms. */
  readonly replyTimeoutMs: number;
}

/** Connections that are counted and placed one by one, where their megaflow recirculates. */
export interface ConnectionsConfig {
  /** Maximum number of connections in the flow table, counting each direction. */
  readonly max: number;
  /** Time without a packet after which a connection leaves the flow table, ms. */
  readonly idleMs: number;
  /** Maximum number of connections that are counted; the least recently used are forgotten. */
  readonly counted: number;
}

/** The NIC whose virtual functions (VFs) carry flows of VMs. */
export interface SriovConfig {
  /** Port of the vSwitch that is the physical function. */
  readonly uplink: string;
  /** How the NIC steers what VMs receive: all of it by MAC address, or flows by receive filters. */
  readonly steering: 'mac' | 'ntuple';
  /** Whether each IP address behind the uplink belongs to one host; receive filters need it. */
  readonly addressesAreUnique: boolean;
  /** Absolute path of the file that notes what was written to the NIC. */
  readonly journal: string;
  readonly vms: readonly SriovVm[];
}

export interface SriovVm {
  /** Its port of the vSwitch. */
  readonly port: string;
  /** Name of the channel to its agent. */
  readonly guest: string;
  /** Number of its VF, from 0. */
  readonly vf: number;
  /** MAC address of the VF itself. */
  readonly vfMac: string;
  /** VLAN id on the wire; 0: none. */
  readonly vlan: number;
  /** Most that the VF may send, Mbit/s; 0: no limit. */
  readonly maxTxMbps: number;
  /** Whether the guest may send whatever it likes on its VF. */
  readonly trustGuest: boolean;
}

/** The NIC whose receive filters send flows to virtual functions (VFs). */
export interface ReceiveFiltersConfig {
  /** Port of the vSwitch that is the NIC. */
  readonly uplink: string;
  /** Each IP address behind the uplink belongs to one host: filters match no MAC addresses. */
  readonly addressesAreUnique: true;
  /** Absolute path of the file that notes what was written to the NIC. */
  readonly journal: string;
  readonly targets: readonly ReceiveTargetConfig[];
}

export interface ReceiveTargetConfig {
  /** Port of the vSwitch whose packets go there. */
  readonly port: string;
  /** Number of the VF, from 0, and its receive queue. */
  readonly vf: number;
  readonly queue: number;
}

/** The node; only the section of the chosen adapter is used. */
export interface NodeConfig {
  readonly adapter: 'emulator' | 'ovs';
  readonly emulator: EmulatorConfig;
  readonly ovs: OvsConfig;
}

export interface EmulatorConfig {
  /** The same seed gives the same traffic. */
  readonly seed: number;
  readonly vms: number;
  /** Names of the slices, to which VMs are assigned in turn. */
  readonly slices: readonly string[];
  /** Offered load as a share of the rate of both NIC ports together, 0 to 1. */
  readonly load: number;
  /** Maximum megaflows at a time. */
  readonly maxFlows: number;
  /** Places of the NIC's hash table that an insertion may try. */
  readonly probeDepth: number;
}

export interface OvsConfig {
  /** Folder with the pid file and control socket of vswitchd. */
  readonly runDir: string;
  /** Socket of ovsdb-server. */
  readonly database: string;
  /** Datapath to read, e.g. `netdev@ovs-netdev`; undefined: the only datapath. */
  readonly datapath?: string;
  /** Where flows are read: from its control socket, or from the kernel's datapath over netlink. */
  readonly readFlowsFrom: 'ovs-vswitchd' | 'kernel';
  readonly timeoutMs: number;
  /** Whether OpenFlow rules are monitored for changes. */
  readonly flowMonitor: boolean;
  /** Shortest idle time-out of rules that cannot be read, s; 0: none; undefined: unknown. */
  readonly assumedIdleTimeout?: number;
  /** Whether traffic that a bridge exports (NetFlow, sFlow, IPFIX) is offloaded. */
  readonly offloadExportingBridges: boolean;
}

export interface BackendConfig {
  /** `auto`: XDP, tcx or cls_bpf, chosen for each port. `flower`: rules of tc. `vf`: virtual functions. `ntuple`: receive filters. `none`: the daemon observes and decides, but places nothing. */
  readonly adapter:
    | 'emulator'
    | 'auto'
    | 'xdp'
    | 'tcx'
    | 'cls_bpf'
    | 'flower'
    | 'vf'
    | 'ntuple'
    | 'none';
  readonly entries: number;
  readonly masks: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Time without entries after which a port loses its program (XDP: only a veth or tap), ms. */
  readonly detachAfterMs: number;
  /** Folder on a bpf file system for pinned maps and programs. */
  readonly pinPath: string;
  /** How XDP programs are attached. */
  readonly mode: 'auto' | 'native' | 'generic';
  /** Where rules of tc flower are carried out: by the NIC, or by the kernel. */
  readonly rulesIn: 'hardware' | 'software';
  /** Ports to attach to; undefined: every port of the vSwitch that has a kernel device. */
  readonly ports?: readonly string[];
}

/** The OpenFlow switch in front of the vSwitch; exactly one of `connect` and `listen` is set. */
export interface FastPathConfig {
  readonly adapter: 'openflow';
  /** Address of the switch: `unix:`, `tcp:` or `ssl:`. */
  readonly connect?: string;
  /** Address on which the daemon waits for the switch: `punix:`, `ptcp:` or `pssl:`. */
  readonly listen?: string;
  /** Highest OpenFlow version to speak. */
  readonly version: '1.0' | '1.3';
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
  readonly timeoutMs: number;
  readonly ports: FastPathPorts;
  readonly entries: number;
  /** Capacity of the fast path for all flows together; undefined: unlimited. */
  readonly packetsPerSecond?: number;
  readonly bitsPerSecond?: number;
  readonly priority: number;
  readonly cookieTag: number;
  readonly leaseMs: number;
  /** 0: no heartbeats. */
  readonly heartbeatMs: number;
  readonly pauseMs: number;
  /** Absolute path of the file that maps rules to flows. */
  readonly journal: string;
}

export interface FastPathPorts {
  /** Ports of the switch: names, or OpenFlow numbers in digits. */
  readonly uplink: string;
  readonly slow: string;
  readonly fast: string;
  /** Port of the vSwitch that the switch's `slow` port leads to. */
  readonly vswitch: string;
  /** Ports of the vSwitch whose VMs the fast path can serve. */
  readonly vms: readonly string[];
}

export interface PollConfig {
  readonly periodMs: number;
  readonly maxPeriodMs: number;
  /** Maximum period while nothing is offloaded and no traffic has begun for some time, ms. */
  readonly maxIdlePeriodMs: number;
  /** Share of vswitchd's time that dumps may take, 0 to 1. */
  readonly sourceShare: number;
  /** Time between two samples of installed entries; 0: none. */
  readonly samplePeriodMs: number;
  readonly timeoutMs: number;
}

export interface PlannerConfig {
  readonly minHoldMs: number;
  /** Throughput of all NIC ports together; undefined: the sum of their links. */
  readonly receiveBitsPerSecond?: number;
  readonly sendBitsPerSecond?: number;
  readonly operationsPerSecond: number;
  readonly burst: number;
}

export interface DecisionsConfig {
  /** Decisions kept in memory. */
  readonly memory: number;
  /** Absolute path of the decision file; undefined: none. */
  readonly file?: string;
  /** Size at which the file is rotated, bytes. */
  readonly maxBytes: number;
  /** Number of older files that are kept. */
  readonly keep: number;
  /** HTTP server that every decision is sent to; undefined: none. */
  readonly collector?: CollectorConfig;
}

/** An HTTP server that collects decisions. */
export interface CollectorConfig {
  readonly url: string;
  /** Absolute path of the file with the bearer token. */
  readonly tokenFile?: string;
  /** Absolute path of a PEM file. */
  readonly caFile?: string;
  /** Name of this node; undefined: the host name. */
  readonly node?: string;
  /** Further labels of each decision. */
  readonly labels: Readonly<Record<string, string>>;
  readonly batch: { readonly records: number; readonly bytes: number; readonly waitMs: number };
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly timeoutMs: number;
  readonly retry: { readonly minMs: number; readonly maxMs: number };
  readonly stopMs: number;
}

export interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly ifTaken: 'fail' | 'any';
  /** Allows access from other machines without TLS or without authentication. */
  readonly allowRemote: boolean;
  /** Number of flows with the highest rates in `/metrics`, 0 to 100. */
  readonly topFlows: number;
  /** Absolute paths of PEM files; undefined: no TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Absolute path of the file with the bearer token. */
  readonly tokenFile?: string;
  /** Absolute path of the file with users and password hashes. */
  readonly users?: string;
  /** Allowed names in `Host`. */
  readonly hostNames: readonly string[];
}

/** InfluxDB 1.x, or 2.x through its 1.x API. */
export interface InfluxConfig {
  readonly url: string;
  readonly database: string;
  readonly retention?: { readonly policy: string; readonly duration: string };
  /** Whether a missing database and retention policy are created (1.x). */
  readonly create: boolean;
  // Credentials: a user with a password (1.x), or a token (2.x). Paths are absolute.
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
  /** Absolute path of a PEM file. */
  readonly caFile?: string;
  /** Name of this node; undefined: the host name. */
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
