import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { FactDefinition, FlowView, TextForm } from './fact.ts';
import { CASTS } from './match-facts.ts';

const MAC: TextForm = {
  pattern: /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/,
  words: 'a MAC address in lower case, such as "52:54:00:12:34:56"',
};
const IPV4: TextForm = {
  pattern: /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/,
  words: 'an IPv4 address, such as "10.0.0.1"',
};
const IPV6: TextForm = {
  pattern: /^(?=.*:)[0-9a-f:]{2,39}$/,
  words: 'an IPv6 address in canonical form (RFC 5952), such as "fd00::1"',
};
const PORT_KINDS = ['vm', 'uplink', 'internal', 'other'];
const NOT_EXACT = 'the flow does not match every bit of it';
const PORT_UNKNOWN = 'the port directory does not know the port';

/**
 * Every fact a rule can look at. Policies are checked, the schema for editors is generated and
 * flows are read from this one table.
 */
export const FACTS: readonly FactDefinition[] = [
  {
    name: 'bitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Rate over all paths, L2 header included, smoothed.',
    example: '25000000',
    read: (v) => v.table.rates.bitsPerSecond[v.row],
  },
  {
    name: 'packetsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description: 'Packet rate over all paths, smoothed.',
    example: '2100',
    read: (v) => v.table.rates.packetsPerSecond[v.row],
  },
  {
    name: 'lastBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Rate over all paths in the last tick alone.',
    example: '31000000',
    read: (v) => v.table.rates.lastBitsPerSecond[v.row],
  },
  {
    name: 'lastPacketsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description: 'Packet rate over all paths in the last tick alone.',
    example: '2600',
    read: (v) => v.table.rates.lastPacketsPerSecond[v.row],
  },
  {
    name: 'bytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes over all paths since the flow was first seen.',
    example: '73000000',
    read: (v) => v.table.traffic.vswitchBytes[v.row] + v.table.traffic.carriedBytes[v.row],
  },
  {
    name: 'packets',
    scope: 'flow',
    type: 'number',
    unit: 'packet',
    description: 'Packets over all paths since the flow was first seen.',
    example: '50000',
    read: (v) => v.table.traffic.vswitchPackets[v.row] + v.table.traffic.carriedPackets[v.row],
  },
  {
    name: 'vswitchBytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes that went through the vSwitch.',
    example: '1200000',
    read: (v) => v.table.traffic.vswitchBytes[v.row],
  },
  {
    name: 'carriedBytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes that the NIC or the fast path carried.',
    example: '71800000',
    read: (v) => v.table.traffic.carriedBytes[v.row],
  },
  {
    name: 'ageMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since the flow was first seen.',
    example: '30000',
    read: (v) => v.context.nowMs - v.table.traffic.firstSeenMs[v.row],
  },
  {
    name: 'idleMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since its last packet on any path.',
    example: '2000',
    read: (v) => v.context.nowMs - v.table.traffic.lastActiveMs[v.row],
  },
  {
    name: 'quietMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description:
      'Time since it last had 20 packets/s or 1 Mbit/s in a tick: heartbeats and keep-alives do not end it.',
    example: '2000',
    read: (v) => v.activity.quietMs(v.table, v.row, v.context.nowMs),
  },
  {
    name: 'placement',
    scope: 'flow',
    type: 'string',
    values: PLACEMENT_NAMES,
    description: 'Where the flow is now.',
    example: '"onload"',
    read: (v) => PLACEMENT_NAMES[v.table.decision.placement[v.row]],
  },
  {
    name: 'placedMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since it was put where it is; its age when it has never been moved.',
    example: '5000',
    read: placedMs,
  },
  {
    name: 'inPort',
    scope: 'flow',
    type: 'string',
    description: 'Name of the port it enters by.',
    example: '"vm1"',
    read: (v) => v.table.matchAt(v.row).inPort,
  },
  {
    name: 'inPortKind',
    scope: 'flow',
    type: 'string',
    values: PORT_KINDS,
    description: 'What is behind the port it enters by.',
    example: '"vm"',
    missing: PORT_UNKNOWN,
    read: (v) => v.inPort?.kind,
  },
  {
    name: 'outPort',
    scope: 'flow',
    type: 'string',
    description: 'Name of the port it is sent to, the first when there are several.',
    example: '"eth1"',
    missing: 'the flow is dropped',
    read: (v) => v.outPorts[0],
  },
  {
    name: 'outPorts',
    scope: 'flow',
    type: 'strings',
    description: 'Names of all ports it is sent to; empty when it is dropped.',
    example: '["eth1"]',
    read: (v) => v.outPorts,
  },
  {
    name: 'outPortKind',
    scope: 'flow',
    type: 'string',
    values: PORT_KINDS,
    description: 'What is behind the first port it is sent to.',
    example: '"uplink"',
    missing: `${PORT_UNKNOWN} or the flow is dropped`,
    read: (v) => v.outPort?.kind,
  },
  {
    name: 'vm',
    scope: 'flow',
    type: 'string',
    description: 'VM it comes from, or goes to when it comes from an uplink.',
    example: '"web-1"',
    missing: 'the port belongs to no VM',
    read: (v) => v.tenantPort?.vm,
  },
  {
    name: 'slice',
    scope: 'flow',
    type: 'string',
    description: 'Slice of that VM.',
    example: '"gold"',
    missing: 'the port belongs to no slice',
    read: (v) => v.tenantPort?.slice,
  },
  {
    name: 'cast',
    scope: 'flow',
    type: 'string',
    values: CASTS,
    description: 'Whom it is for; "any" when its match leaves that open.',
    example: '"unicast"',
    read: (v) => v.match.cast,
  },
  {
    name: 'ethSrc',
    scope: 'flow',
    type: 'string',
    form: MAC,
    description: 'Source MAC address.',
    example: '"52:54:00:12:34:56"',
    missing: NOT_EXACT,
    read: (v) => v.match.ethSrc,
  },
  {
    name: 'ethDst',
    scope: 'flow',
    type: 'string',
    form: MAC,
    description: 'Destination MAC address.',
    example: '"52:54:00:65:43:21"',
    missing: NOT_EXACT,
    read: (v) => v.match.ethDst,
  },
  {
    name: 'ethType',
    scope: 'flow',
    type: 'number',
    description: 'Ethertype behind all VLAN tags: IPv4 2048, ARP 2054, IPv6 34525.',
    example: '2048',
    missing: NOT_EXACT,
    read: (v) => v.match.ethType,
  },
  {
    name: 'vlanId',
    scope: 'flow',
    type: 'number',
    description: 'VLAN id of the outermost tag.',
    example: '100',
    missing: `the flow is not tagged or ${NOT_EXACT}`,
    read: (v) => v.match.vlanId,
  },
  {
    name: 'ipProto',
    scope: 'flow',
    type: 'number',
    description: 'IP protocol: TCP 6, UDP 17, ICMP 1, ICMPv6 58.',
    example: '6',
    missing: NOT_EXACT,
    read: (v) => v.match.ipProto,
  },
  {
    name: 'ipv4Src',
    scope: 'flow',
    type: 'string',
    form: IPV4,
    description: 'Source IPv4 address.',
    example: '"10.0.0.1"',
    missing: NOT_EXACT,
    read: (v) => v.match.ipv4Src,
  },
  {
    name: 'ipv4Dst',
    scope: 'flow',
    type: 'string',
    form: IPV4,
    description: 'Destination IPv4 address.',
    example: '"10.0.0.2"',
    missing: NOT_EXACT,
    read: (v) => v.match.ipv4Dst,
  },
  {
    name: 'ipv6Src',
    scope: 'flow',
    type: 'string',
    form: IPV6,
    description: 'Source IPv6 address.',
    example: '"fd00::1"',
    missing: NOT_EXACT,
    read: (v) => v.match.ipv6Src,
  },
  {
    name: 'ipv6Dst',
    scope: 'flow',
    type: 'string',
    form: IPV6,
    description: 'Destination IPv6 address.',
    example: '"fd00::2"',
    missing: NOT_EXACT,
    read: (v) => v.match.ipv6Dst,
  },
  {
    name: 'tcpSrc',
    scope: 'flow',
    type: 'number',
    description: 'TCP source port.',
    example: '40000',
    missing: NOT_EXACT,
    read: (v) => v.match.tcpSrc,
  },
  {
    name: 'tcpDst',
    scope: 'flow',
    type: 'number',
    description: 'TCP destination port.',
    example: '443',
    missing: NOT_EXACT,
    read: (v) => v.match.tcpDst,
  },
  {
    name: 'udpSrc',
    scope: 'flow',
    type: 'number',
    description: 'UDP source port.',
    example: '40000',
    missing: NOT_EXACT,
    read: (v) => v.match.udpSrc,
  },
  {
    name: 'udpDst',
    scope: 'flow',
    type: 'number',
    description: 'UDP destination port.',
    example: '53',
    missing: NOT_EXACT,
    read: (v) => v.match.udpDst,
  },
  {
    name: 'matchedBits',
    scope: 'flow',
    type: 'number',
    unit: 'bit',
    description: 'Width of its mask: header bits that must match.',
    example: '112',
    read: (v) => v.match.matchedBits,
  },
  {
    name: 'offloadable',
    scope: 'flow',
    type: 'boolean',
    description:
      'False when its match or actions hold something only the vSwitch knows (recirculation, connection tracking, tunnels, sampling). True is no promise that the backend takes it.',
    example: 'true',
    read: (v) =>
      !v.match.opaque && v.table.actionsAt(v.row).every((action) => action.kind !== 'opaque'),
  },
  {
    name: 'inPortBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'What the port it enters by receives, as its device counts.',
    example: '4000000000',
    missing: 'the load of the port is not known',
    read: (v) => v.context.node.portLoad.get(v.table.matchAt(v.row).inPort)?.rxBitsPerSecond,
  },
  {
    name: 'outPortBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'What the first port it is sent to transmits, as its device counts.',
    example: '4000000000',
    missing: 'the load of the port is not known or the flow is dropped',
    read: (v) => v.context.node.portLoad.get(v.outPorts[0] ?? '')?.txBitsPerSecond,
  },
  {
    name: 'hostCpu',
    scope: 'node',
    type: 'number',
    unit: 'share, 0 to 1',
    description: 'Share of all CPUs that the host itself uses: 1 - idle - guest.',
    example: '0.35',
    missing: 'the CPU has not been read twice yet',
    read: (v) => v.context.node.hostCpu,
  },
  {
    name: 'tableFill',
    scope: 'node',
    type: 'number',
    unit: 'share, 0 to 1',
    description: "Share of the backend's entries in use.",
    example: '0.8',
    read: (v) => v.context.tableFill,
  },
  {
    name: 'portLoad',
    scope: 'node',
    type: 'object',
    description: 'Load of one port, as its device counts.',
    example: '{ "rxBitsPerSecond": 4e9, "txBitsPerSecond": 1e9, "rxShare": 0.4, "txShare": 0.1 }',
    missing: 'the load of the port, or for a share its link speed, is not known',
    params: { port: 'name of the port' },
    members: {
      rxBitsPerSecond: 'bit/s received',
      txBitsPerSecond: 'bit/s transmitted',
      rxShare: 'share of the link speed received, 0 to 1',
      txShare: 'share of the link speed transmitted, 0 to 1',
    },
    read: (v, params) => (typeof params.port === 'string' ? portLoad(v, params.port) : undefined),
  },
];

const BY_NAME: ReadonlyMap<string, FactDefinition> = new Map(FACTS.map((f) => [f.name, f]));

/** The catalogue's line on `name`, undefined when there is no such fact. */
export function factNamed(name: string): FactDefinition | undefined {
  return BY_NAME.get(name);
}

/** Names of the facts that are numbers: what a score can be taken from. */
export const NUMERIC_FACTS: readonly string[] = FACTS.filter((f) => f.type === 'number').map(
  (f) => f.name,
);

function placedMs(v: FlowView): number {
  // A flow that was never moved has been placed "since minus infinity".
  const since = Math.max(v.table.decision.placedSinceMs[v.row], v.table.traffic.firstSeenMs[v.row]);
  return v.context.nowMs - since;
}

function portLoad(v: FlowView, port: string) {
  const load = v.context.node.portLoad.get(port);
  if (load === undefined) return undefined;
  const link = v.context.ports.get(port)?.linkBitsPerSecond;
  return {
    rxBitsPerSecond: load.rxBitsPerSecond,
    txBitsPerSecond: load.txBitsPerSecond,
    rxShare: link === undefined ? undefined : load.rxBitsPerSecond / link,
    txShare: link === undefined ? undefined : load.txBitsPerSecond / link,
  };
}
