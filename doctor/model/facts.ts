import type { PortInfo } from '../../engine/model/port.ts';
import type { Seen } from './seen.ts';

/** Which backend is configured: `auto` chooses for each port. */
export type Adapter = 'auto' | 'xdp' | 'tcx' | 'cls_bpf' | 'flower' | 'vf' | 'ntuple' | 'none';

/** A place in the kernel or the NIC where packets are taken. */
export type HookName = 'xdp' | 'tcx' | 'cls_bpf' | 'flower';

/**
 * The compiled programs: tcx and cls_bpf run the same one, and bypass the same; that of flower is the
 * gate of its rules.
 */
export type ProgramName = 'xdp' | 'tcx' | 'flower';

/** The settings of the daemon that decide what can be offloaded. */
export interface Settings {
  readonly adapter: Adapter;
  /** How XDP programs are attached. */
  readonly mode: 'auto' | 'native' | 'generic';
  /** Where rules of tc flower are carried out. */
  readonly rulesIn: 'hardware' | 'software';
  /** Names of the ports to serve; undefined: all. */
  readonly ports: readonly string[] | undefined;
  readonly pinPath: string;
  /** Period of heartbeats, ms; 0: none. */
  readonly heartbeatMs: number;
  readonly runDir: string;
  /** OVSDB, as `unix:PATH`, a path, or `tcp:HOST:PORT`. */
  readonly database: string;
  /** The datapath to read; undefined: the only one. */
  readonly datapath: string | undefined;
  readonly offloadExportingBridges: boolean;
  /** Whether OpenFlow rules are read, for their idle time-outs. */
  readonly flowMonitor: boolean;
  /** Shortest idle time-out of rules that cannot be read, s; undefined: unknown. */
  readonly assumedIdleTimeout: number | undefined;
  /** Whether connections are placed one by one. */
  readonly placesConnections: boolean;
}

/** The configuration file; undefined without one: defaults apply. */
export interface Configuration {
  readonly file: string | undefined;
  /** One line for each error in it. */
  readonly problems: readonly string[];
  /** True if this process may not read it. */
  readonly isDenied: boolean;
  /** Whether it describes an emulated node, which needs nothing of this host. */
  readonly isEmulated: boolean;
}

/** A daemon on this host; undefined where none runs. */
export interface RunningDaemon {
  readonly version: string;
  readonly pid: number;
  /** Errors of its backends, with their names. */
  readonly errors: readonly string[];
  /** Why ports are not served, by name. */
  readonly unserved: ReadonlyMap<string, string>;
}

export interface SystemFacts {
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly littleEndian: boolean;
  readonly isRoot: boolean;
  /** Effective capabilities as a bit mask (linux/capability.h). */
  readonly capabilities: Seen<bigint>;
}

export interface BpfFacts {
  /** Version of libbpf, as `v1.1`. */
  readonly libbpf: Seen<string>;
  /** Whether programs are compiled; undefined: the kernel has no compiler. */
  readonly jit: Seen<boolean | undefined>;
  /** The nearest folder above the pin path that exists. */
  readonly pins: Seen<{
    readonly folder: string;
    readonly isBpf: boolean;
    readonly writable: boolean;
  }>;
  /** Names of map types that the kernel does not create, with the error. */
  readonly refusedMaps: Seen<readonly string[]>;
  /** Whether the verifier accepts a program. */
  readonly programs: Readonly<Record<ProgramName, Seen<'accepted'>>>;
  readonly knowsTcx: Seen<boolean>;
}

/** Whether conntrack checks the sequence numbers of TCP. */
export type SequenceChecks = 'on' | 'off' | 'unknown';

export interface VswitchFacts {
  /** Version of ovs-vswitchd, as `3.1.0`. */
  readonly version: Seen<string>;
  /** Names of the datapaths, as `netdev@ovs-netdev`. */
  readonly datapaths: Seen<readonly string[]>;
  /** By datapath: whether its conntrack checks the sequence numbers of TCP. */
  readonly sequenceChecks: ReadonlyMap<string, Seen<SequenceChecks>>;
  readonly configuration: Seen<VswitchConfiguration>;
  /** Shortest time between two packets of a flow that heartbeats can keep, ms. */
  readonly shortestHeartbeatMs: number;
  /** By bridge: whether its OpenFlow socket can be opened. */
  readonly rules: ReadonlyMap<string, Seen<true>>;
}

export interface VswitchConfiguration {
  readonly bridges: readonly { readonly name: string; readonly datapath?: PortInfo['datapath'] }[];
  readonly settings: ReadonlyMap<string, string>;
}

/** What a driver supports of XDP; undefined: the kernel does not report it (before Linux 6.3). */
export interface XdpAbility {
  readonly isNative: boolean;
  readonly isRedirectTarget: boolean;
  readonly readsVlanTag: boolean;
}

/** The kernel device of a port. */
export interface DeviceFacts {
  readonly driver: string | undefined;
  /** Largest IP packet, bytes. */
  readonly mtu: number;
  readonly isUp: boolean;
  readonly isEthernet: boolean;
  /** Names of active features, as `rx-gro`; undefined: not reported. */
  readonly features: ReadonlySet<string> | undefined;
  readonly xdp: XdpAbility | undefined;
  /** Mode of the NIC's embedded switch, if it has one. */
  readonly eswitch: string | undefined;
}

/** A port of the vSwitch. */
export interface PortFacts {
  readonly port: PortInfo;
  /** Why it is not meant to be served; undefined: it is. */
  readonly excluded: string | undefined;
  /** Left out: it has no device. */
  readonly device?: Seen<DeviceFacts>;
  /** Describes other programs or filters that the hook would bypass; undefined without any. */
  readonly others: Readonly<Record<ProgramName, Seen<string | undefined>>>;
}

/** Everything that the checks judge. */
export interface HostFacts {
  readonly settings: Settings;
  readonly configuration: Configuration;
  readonly daemon: Seen<RunningDaemon | undefined>;
  readonly system: SystemFacts;
  readonly bpf: BpfFacts;
  /** The hook that serves ports of bridges with a datapath, as the daemon chooses it. */
  readonly hooks: Readonly<Record<'userspace' | 'kernel' | 'unknown', HookName>>;
  readonly vswitch: VswitchFacts;
  readonly ports: Seen<readonly PortFacts[]>;
}
