import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FactDefinition, FlowView } from '../model/fact.ts';
import { POSITIVE, SHARE, SHARE_UNIT, WHOLE } from './ranges.ts';

/** Facts of the node: CPUs, ports, tables, slices and flows. */
export const NODE_FACTS: readonly FactDefinition[] = [
  {
    name: 'hostCpu',
    scope: 'node',
    type: 'number',
    unit: SHARE_UNIT,
    description: 'Share of all CPUs that the host itself uses: 1 - idle - guest.',
    range: SHARE,
    source: '/proc/stat',
    example: '0.35',
    unknown: 'the CPU has been read fewer than two times',
    read: (v) => v.context.node.hostCpu,
  },
  {
    name: 'tableFill',
    scope: 'node',
    type: 'number',
    unit: SHARE_UNIT,
    description: "Share of the backends' entries in use.",
    range: SHARE,
    source: 'Backends',
    example: '0.8',
    read: (v) => v.context.tableFill,
  },
  {
    name: 'portLoad',
    scope: 'node',
    type: 'object',
    description: 'Load of one port, as counted by its device.',
    source: "Counters of the port's device; link speed of the port directory",
    example: '{ "rxBitsPerSecond": 4e9, "txBitsPerSecond": 1e9, "rxShare": 0.4, "txShare": 0.1 }',
    unknown: 'the load of the port, or for a share its link speed, is not known',
    params: { port: { description: 'name of the port' } },
    members: {
      rxBitsPerSecond: { unit: 'bit/s', range: POSITIVE, description: 'received' },
      txBitsPerSecond: { unit: 'bit/s', range: POSITIVE, description: 'transmitted' },
      rxShare: { unit: SHARE_UNIT, range: POSITIVE, description: 'of the link speed received' },
      txShare: { unit: SHARE_UNIT, range: POSITIVE, description: 'of the link speed transmitted' },
    },
    read: (v, params) => (typeof params.port === 'string' ? portLoad(v, params.port) : undefined),
  },
  {
    name: 'table',
    scope: 'node',
    type: 'object',
    params: {
      placement: { description: 'whose table', values: PLACEMENT_NAMES.slice(1) },
    },
    members: {
      entries: { unit: 'entry', range: WHOLE, description: 'it can hold' },
      used: { unit: 'entry', range: WHOLE, description: 'in use' },
      free: { unit: 'entry', range: WHOLE, description: 'not in use' },
      fill: { unit: SHARE_UNIT, range: SHARE, description: 'of the entries in use' },
    },
    description: 'One table of entries: the NIC\'s ("offload") or the fast path\'s ("fast-path").',
    source: 'Backends',
    example: '{ "entries": 8192, "used": 2048, "free": 6144, "fill": 0.25 }',
    missing: 'no backend serves that placement',
    read: (v, params) => tableOf(v, params.placement),
  },
  {
    name: 'sliceUse',
    scope: 'node',
    type: 'object',
    params: { slice: { description: 'name of the slice' } },
    members: {
      flows: { unit: 'flow', range: WHOLE, description: 'it has' },
      entries: { unit: 'entry', range: WHOLE, description: 'they have' },
      bitsPerSecond: { unit: 'bit/s', range: POSITIVE, description: 'smoothed' },
      packetsPerSecond: { unit: 'packet/s', range: POSITIVE, description: 'smoothed' },
    },
    description: 'Totals of the flows of one slice.',
    source: 'Flow table',
    example: '{ "flows": 120, "entries": 40, "bitsPerSecond": 2e9, "packetsPerSecond": 200000 }',
    missing: 'no flow belongs to the slice',
    read: (v, params) =>
      typeof params.slice === 'string' ? v.memory.useOf(params.slice) : undefined,
  },
  {
    name: 'flows',
    scope: 'node',
    type: 'number',
    unit: 'flow',
    range: WHOLE,
    description: 'Number of flows in the vSwitch.',
    source: 'Flow table',
    example: '12000',
    read: (v) => v.table.count,
  },
  {
    name: 'newFlowsPerSecond',
    scope: 'node',
    type: 'number',
    unit: 'flow/s',
    range: POSITIVE,
    description: 'Flows first seen since the last tick, per second.',
    source: 'Flow table',
    example: '150',
    unknown: 'there has been only one tick',
    read: (v) => v.memory.newFlowsPerSecond,
  },
  {
    name: 'vswitchPacketsPerSecond',
    scope: 'node',
    type: 'number',
    unit: 'packet/s',
    range: POSITIVE,
    description: 'Packet rate through the vSwitch, of all flows, since the last tick.',
    source: 'Counters of the vSwitch',
    example: '90000',
    unknown: 'there has been only one tick',
    read: (v) => v.memory.vswitchPacketsPerSecond,
  },
];

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

function tableOf(v: FlowView, placement: unknown) {
  const table = v.context.tables?.find((t) => t.placement === placement);
  if (table === undefined) return undefined;
  const { entries, used } = table;
  return { entries, used, free: entries - used, fill: entries === 0 ? 0 : used / entries };
}
