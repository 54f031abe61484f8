import { EmulatedNode } from '../adapters/emulator/node.ts';
import { GuestChannels } from '../adapters/guest/guest-channels.ts';
import { LinuxHostSource } from '../adapters/host/linux-host-source.ts';
import { BridgeMonitors } from '../adapters/openflow/bridge-monitors.ts';
import { unreadLimit } from '../adapters/openflow/rule-timeouts.ts';
import { OvsFlowLookup } from '../adapters/ovs/flow-lookup.ts';
import { KernelFlowSource } from '../adapters/ovs/kernel/flow-source.ts';
import { OvsFlowSource, type OvsFlowSourceOptions } from '../adapters/ovs/flow-source.ts';
import { OvsFlowVerifier } from '../adapters/ovs/flow-verifier.ts';
import { OvsPortDirectory } from '../adapters/ovs/port-directory.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { ChangeMonitor } from '../engine/ports/change-monitor.ts';
import { ConnectionLookup } from '../engine/connections/connection-lookup.ts';
import type { FlowLookup } from '../engine/ports/flow-lookup.ts';
import type { FlowSource } from '../engine/ports/flow-source.ts';
import type { FlowVerifier } from '../engine/ports/flow-verifier.ts';
import type { HostSource } from '../engine/ports/host-source.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../platform/log.ts';
import { type ClearLeft, clearTables } from './left-tables.ts';
import { nicBackend } from './nic-backend.ts';
import { ntupleBackend } from './ntuple-backend.ts';
import { vfBackend } from './vf-backend.ts';
import { type NodeConnections, withConnections } from './connections.ts';
import { openFlowBackend, ourCookies } from './fast-path.ts';

/** The node's implementations of the engine's ports. */
export interface Node {
  /** One line for log and status. */
  readonly description: string;
  readonly flows: FlowSource;
  /** Answers what the vSwitch would do with a flow now; undefined: no samples are taken. */
  readonly verifier?: FlowVerifier;
  /** Reads single flows; undefined: entries are compared with complete readings only. */
  readonly lookup?: FlowLookup;
  readonly ports: PortDirectory;
  readonly host: HostSource;
  /** At most one for each placement. */
  readonly backends: readonly OffloadBackend[];
  /** Removes what daemons with other adapters have left, before backends start; undefined: the backends do. */
  readonly clearLeft?: ClearLeft;
  /** Reports changes of the vSwitch's rules; undefined: changes are noticed by polling only. */
  readonly changes?: ChangeMonitor;
  /** Channels to the agents of guests; undefined: none are configured. */
  readonly guests?: GuestChannels;
  /** Connections with rows of their own; undefined: only megaflows have rows. */
  readonly connections?: NodeConnections;
  /** Closes the sources. The engine closes the backends. */
  close(): Promise<void>;
}

/** Creates the configured node. Nothing is connected yet. */
export function createNode(config: Config, clock: Clock, log: Log): Node {
  return config.node.adapter === 'emulator'
    ? emulatedNode(config, clock)
    : ovsNode(config, clock, log);
}

function emulatedNode(config: Config, clock: Clock): Node {
  const { seed, vms, slices, load, maxFlows, probeDepth } = config.node.emulator;
  const { entries, masks, leaseMs, heartbeatMs } = config.backend;
  const node = new EmulatedNode({
    seed,
    clock,
    vms,
    slices,
    load,
    maxFlows,
    probeDepth,
    tableEntries: entries,
    tableMasks: masks,
    leaseMs,
    heartbeatMs,
  });
  return {
    description: `emulated node, ${vms} VMs in ${slices.length} slices, seed ${seed}`,
    flows: node.flowSource,
    verifier: node.flowVerifier,
    ports: node.portDirectory,
    host: node.hostSource,
    backends: config.backend.adapter === 'none' ? [] : [node.backend],
    close: () => closeAll(node.flowSource, node.flowVerifier, node.portDirectory),
  };
}

function ovsNode(config: Config, clock: Clock, log: Log): Node {
  const { runDir, database, datapath, readFlowsFrom, timeoutMs, offloadExportingBridges } =
    config.node.ovs;
  const reading = { runDir, timeoutMs, ...(datapath === undefined ? {} : { datapath }) };
  const megaflows = flowSource(readFlowsFrom, reading);
  const verifier = new OvsFlowVerifier(reading);
  const lookup = new OvsFlowLookup({ runDir, timeoutMs });
  const ports = new OvsPortDirectory({
    socket: database,
    timeoutMs,
    ignoreExports: offloadExportingBridges,
  });
  const { fastPath, connections } = config;
  const parts = { config, flows: megaflows, ports, clock, log };
  const placed = connections && withConnections({ ...parts, connections });
  const flows = placed?.source ?? megaflows;
  const changes = monitorsOf(config, ports);
  const guests = guestChannels(config, clock, log);
  const nic = offloadBackend(config, guests, clock, log);
  const clearLeft = clearTables(config.backend);
  return {
    description: `Open vSwitch at ${runDir}${readFlowsFrom === 'kernel' ? ', flows from the kernel' : ''}`,
    flows,
    verifier,
    ...(placed === undefined
      ? { lookup }
      : { lookup: new ConnectionLookup(lookup, placed.rows), connections: placed }),
    ports,
    host: new LinuxHostSource({}),
    backends: [
      ...(nic === undefined ? [] : [nic]),
      ...(fastPath === undefined ? [] : [openFlowBackend(fastPath)]),
    ],
    ...(clearLeft === undefined ? {} : { clearLeft }),
    ...(changes === undefined ? {} : { changes }),
    ...(guests === undefined ? {} : { guests }),
    close: async () => {
      await guests?.close();
      await changes?.close();
      await closeAll(flows, verifier, lookup, ports);
    },
  };
}

/** The backend of the placement `offload`; undefined: the daemon places nothing there. */
function offloadBackend(
  { backend, sriov, receiveFilters }: Config,
  guests: GuestChannels | undefined,
  clock: Clock,
  log: Log,
): OffloadBackend | undefined {
  if (receiveFilters !== undefined) return ntupleBackend(backend, receiveFilters, clock, log);
  if (sriov !== undefined && guests !== undefined) {
    return vfBackend(backend, sriov, guests, clock, log);
  }
  return nicBackend(backend);
}

/** Channels to guests. One that does not answer is given up before the lease of all others can end. */
function guestChannels(config: Config, clock: Clock, log: Log): GuestChannels | undefined {
  if (config.guests === undefined) return undefined;
  const { directory, replyTimeoutMs } = config.guests;
  const longestMs = config.sriov === undefined ? replyTimeoutMs : config.backend.leaseMs / 3;
  return new GuestChannels({
    directory,
    replyTimeoutMs: Math.min(replyTimeoutMs, longestMs),
    nowMs: () => clock.now(),
    log: (line) => log.info(line),
  });
}

function flowSource(from: 'ovs-vswitchd' | 'kernel', reading: OvsFlowSourceOptions): FlowSource {
  return from === 'kernel' ? new KernelFlowSource(reading) : new OvsFlowSource(reading);
}

/** Monitors of the bridges' rules, whose time-outs become part of the ports. */
function monitorsOf(config: Config, ports: OvsPortDirectory): BridgeMonitors | undefined {
  const { runDir, timeoutMs, flowMonitor, assumedIdleTimeout: assumedSeconds } = config.node.ovs;
  if (!flowMonitor) {
    const problem = 'node.ovs.flowMonitor is false';
    ports.useHeartbeatLimits((bridge) => unreadLimit(bridge, assumedSeconds, problem));
    return undefined;
  }
  const isOurs = ourCookies(config.fastPath);
  const assumed = assumedSeconds === undefined ? {} : { assumedSeconds };
  const monitors = new BridgeMonitors({ runDir, ports, timeoutMs, isOurs, ...assumed });
  const follow = (): void => ports.useHeartbeatLimits((bridge) => monitors.heartbeatLimit(bridge));
  monitors.onLimitChange(follow);
  return monitors;
}

async function closeAll(...sources: readonly { close(): Promise<void> }[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close()));
}
