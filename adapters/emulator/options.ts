import type { Clock } from '../../engine/ports/clock.ts';
import { DEFAULT_WORKLOADS, type Workload } from './workloads.ts';

/** Options of the emulated node. All except the seed and the clock have defaults. */
export interface EmulatedNodeOptions {
  /** The same seed gives the same node and traffic. */
  readonly seed: number;
  readonly clock: Clock;
  /** VMs, spread over the slices in turn; each is bound to one NIC port. */
  readonly vms?: number;
  readonly slices?: readonly string[];
  /** Rate of each of the two NIC ports, bits/s in each direction. */
  readonly linkBitsPerSecond?: number;
  /** Limits for both NIC ports together, bits/s. */
  readonly nodeReceiveBitsPerSecond?: number;
  readonly nodeSendBitsPerSecond?: number;
  /** Offered traffic as a share of the rate of both NIC ports together. 0: no traffic. */
  readonly load?: number;
  /** Kinds of traffic; the n-th runs in slice n modulo their number. */
  readonly workloads?: readonly Workload[];
  /** Share of connections between two VMs of the node; the others go outside. */
  readonly insideShare?: number;
  /** Share of connections under connection tracking, which no NIC table can match. */
  readonly trackedShare?: number;
  /** Share of connections that are multicast to the whole slice. */
  readonly multicastShare?: number;
  /** Share of connections with the outside that are routed: MACs and TTL rewritten. */
  readonly routedShare?: number;
  /** Maximum number of flows; connections beyond it are rejected. */
  readonly maxFlows?: number;
  /** CPUs of the host, and how many of them the vSwitch can use. */
  readonly hostCpus?: number;
  readonly vswitchCpus?: number;
  /**
   * Host CPU time of one packet through the vSwitch, ns. Emmerich et al. (CloudNet 2014; JNSM 26,
   * 2018) measured 1.88 million packets/s a core, 0.5 us each, from NIC to NIC with the kernel
   * datapath; the default adds the copy into or out of a VM, which costs several times that.
   */
  readonly nsPerPacket?: number;
  /** Host CPU time of the upcall that a packet without a megaflow causes, ns. */
  readonly nsPerUpcall?: number;
  /** Idle time-out of megaflows, ms (OVS: max-idle). */
  readonly maxIdleMs?: number;
  /** Slots of the NIC table, and how many of them a put or a lookup may probe. */
  readonly tableEntries?: number;
  readonly probeDepth?: number;
  /** Distinct sets of fields that the NIC can match at the same time. */
  readonly tableMasks?: number;
  readonly leaseMs?: number;
  readonly heartbeatMs?: number;
  /** Number of VMs, the first ones, that leave checksums to their device: the NIC passes their packets on. */
  readonly unfinishedVms?: number;
  /** Time-out of the backend and the sources, ms of real time; only injected hangs reach it. */
  readonly timeoutMs?: number;
  /** Length of one step of the emulation, ms. */
  readonly stepMs?: number;
  /** Time to emulate before the node starts, ms, so that it starts with flows. */
  readonly warmUpMs?: number;
}

/** The options with every default filled in. */
export type NodeSettings = Required<EmulatedNodeOptions>;

const DEFAULTS = {
  vms: 16,
  slices: ['blue', 'green', 'red', 'gold'],
  linkBitsPerSecond: 10e9,
  // Kamiya et al., 2012 (the study this project starts from): two 10 Gbit/s ports, offloaded,
  // received 15.2 and sent 11.3 Gbit/s at most.
  nodeReceiveBitsPerSecond: 15.2e9,
  nodeSendBitsPerSecond: 11.3e9,
  load: 0.3,
  workloads: DEFAULT_WORKLOADS,
  insideShare: 0.2,
  trackedShare: 0.03,
  multicastShare: 0.005,
  routedShare: 0.1,
  maxFlows: 6_000,
  hostCpus: 8,
  vswitchCpus: 2,
  nsPerPacket: 2_500,
  nsPerUpcall: 50_000,
  maxIdleMs: 10_000,
  tableEntries: 1_000,
  probeDepth: 16,
  tableMasks: 16,
  leaseMs: 2_000,
  heartbeatMs: 1_000,
  unfinishedVms: 0,
  timeoutMs: 2_000,
  stepMs: 10,
  warmUpMs: 15_000,
} as const;

/** An option is out of its range. */
export class EmulatorOptionError extends Error {
  override readonly name = 'EmulatorOptionError';
}

/**
 * Fills in the defaults.
 *
 * @throws EmulatorOptionError when a value is out of its range
 */
export function settingsOf(options: EmulatedNodeOptions): NodeSettings {
  const s: NodeSettings = { ...DEFAULTS, ...options };
  const positive = ['vms', 'linkBitsPerSecond', 'hostCpus', 'vswitchCpus', 'nsPerPacket'] as const;
  for (const name of positive) {
    if (!(s[name] > 0) || s[name] === Number.POSITIVE_INFINITY) {
      throw new EmulatorOptionError(`${name} is ${s[name]}; it must be a number above 0`);
    }
  }
  const counts = ['vms', 'maxFlows', 'tableEntries', 'probeDepth', 'tableMasks'] as const;
  for (const name of counts) {
    if (!Number.isInteger(s[name]))
      throw new EmulatorOptionError(`${name} is ${s[name]}; it must be a whole number`);
    atLeast(name, s[name], 1);
  }
  for (const name of ['leaseMs', 'stepMs', 'maxIdleMs', 'timeoutMs'] as const) {
    atLeast(name, s[name], 1);
  }
  const notNegative = ['load', 'heartbeatMs', 'warmUpMs', 'nsPerUpcall', 'unfinishedVms'] as const;
  for (const name of notNegative) {
    atLeast(name, s[name], 0);
  }
  const shares = ['insideShare', 'trackedShare', 'multicastShare', 'routedShare'] as const;
  for (const name of shares) {
    if (!(s[name] >= 0 && s[name] <= 1)) {
      throw new EmulatorOptionError(`${name} is ${s[name]}; it must lie between 0 and 1`);
    }
  }
  if (s.slices.length === 0) throw new EmulatorOptionError('slices is empty; name at least one');
  if (s.workloads.length === 0 && s.load > 0) {
    throw new EmulatorOptionError('workloads is empty; name at least one or set load to 0');
  }
  return s;
}

function atLeast(name: string, value: number, min: number): void {
  if (!(value >= min) || value === Number.POSITIVE_INFINITY) {
    throw new EmulatorOptionError(`${name} is ${value}; it must be a number of at least ${min}`);
  }
}
