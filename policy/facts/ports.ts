import type { FactDefinition, FlowView } from '../model/fact.ts';
import { FROM_FLOW, FROM_FLOW_AND_PORTS, derived, keyed } from './columns.ts';
import { limitEntries } from '../../engine/model/slice.ts';
import { type Known, UNKNOWN } from '../model/possible.ts';
import type { SliceDefinition } from '../model/slice.ts';
import { POSITIVE, WHOLE } from './ranges.ts';

const PORT_KINDS = ['vm', 'uplink', 'internal', 'other'];
const PORT_UNKNOWN = 'the port directory does not know the port';
const LOAD_UNKNOWN = 'the load of the port is not known';
const DROPPED = 'the flow is dropped';
const DIRECTORY = 'Flow and port directory';
const DEVICE = "Counters of the port's device";
const NO_SLICE = 'the flow belongs to no slice that a policy declares';
const DIRECTIONS = ['transmit', 'receive', 'local', 'other'];

/** Facts of a flow's ports, VM and slice. */
export const PORT_FACTS: readonly FactDefinition[] = [
  {
    name: 'inPort',
    scope: 'flow',
    type: 'string',
    description: 'Port by which it enters.',
    source: DIRECTORY,
    example: '"vm1"',
    read: (v) => v.table.matchAt(v.row).inPort,
    column: FROM_FLOW,
  },
  {
    name: 'inPortKind',
    scope: 'flow',
    type: 'string',
    values: PORT_KINDS,
    description: 'Kind of the port by which it enters.',
    source: DIRECTORY,
    example: '"vm"',
    unknown: PORT_UNKNOWN,
    read: (v) => v.inPort?.kind,
    column: FROM_FLOW_AND_PORTS,
  },
  {
    name: 'outPort',
    scope: 'flow',
    type: 'string',
    description: 'Port to which it is sent, the first if there are several.',
    source: DIRECTORY,
    example: '"eth1"',
    missing: DROPPED,
    read: (v) => v.outPorts[0],
    column: FROM_FLOW,
  },
  {
    name: 'outPorts',
    scope: 'flow',
    type: 'strings',
    description: 'All ports to which it is sent; empty if it is dropped.',
    source: DIRECTORY,
    example: '["eth1"]',
    read: (v) => v.outPorts,
    column: FROM_FLOW,
  },
  {
    name: 'outPortKind',
    scope: 'flow',
    type: 'string',
    values: PORT_KINDS,
    description: 'Kind of the first port to which it is sent.',
    source: DIRECTORY,
    example: '"uplink"',
    missing: DROPPED,
    unknown: PORT_UNKNOWN,
    read: (v) => v.outPort?.kind,
    possible: (v) => v.outPort?.kind ?? unlessDropped(v),
    column: FROM_FLOW_AND_PORTS,
  },
  {
    name: 'vm',
    scope: 'flow',
    type: 'string',
    description: 'VM it comes from, or goes to when it comes from an uplink.',
    source: DIRECTORY,
    example: '"web-1"',
    missing: 'that port is an uplink or internal',
    unknown: 'the port directory does not know the port or names no VM',
    read: (v) => v.tenantPort?.vm,
    possible: vmOf,
    column: FROM_FLOW_AND_PORTS,
  },
  {
    name: 'slice',
    scope: 'flow',
    type: 'string',
    description:
      'Slice of the flow: the first that a policy declares for it, otherwise the slice of that VM.',
    source: DIRECTORY,
    example: '"gold"',
    missing: 'no policy declares a slice for it and the port belongs to none',
    unknown: PORT_UNKNOWN,
    packets: true,
    read: (v) => v.slice,
    possible: (v) => v.memory.slices.possible(v),
    column: FROM_FLOW_AND_PORTS,
  },
  {
    name: 'inPortBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Receive rate of the port by which it enters, as counted by its device.',
    range: POSITIVE,
    source: DEVICE,
    example: '4000000000',
    unknown: LOAD_UNKNOWN,
    read: (v) => v.context.node.portLoad.get(v.table.matchAt(v.row).inPort)?.rxBitsPerSecond,
    column: keyed('inPort'),
  },
  {
    name: 'outPortBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Transmit rate of the first port to which it is sent, as counted by its device.',
    range: POSITIVE,
    source: DEVICE,
    example: '4000000000',
    missing: DROPPED,
    unknown: LOAD_UNKNOWN,
    read: transmitRate,
    possible: (v) => transmitRate(v) ?? unlessDropped(v),
    column: keyed('outPort'),
  },
  {
    name: 'direction',
    scope: 'flow',
    type: 'string',
    values: DIRECTIONS,
    description:
      'Seen from the VM: "transmit" leaves by an uplink, "receive" comes from one, "local" goes from VM to VM.',
    source: DIRECTORY,
    example: '"transmit"',
    unknown: PORT_UNKNOWN,
    read: direction,
    possible: (v) => (knowsPorts(v) ? direction(v) : UNKNOWN),
    column: FROM_FLOW_AND_PORTS,
  },
  {
    name: 'sliceEntries',
    scope: 'flow',
    type: 'number',
    unit: 'entry',
    range: WHOLE,
    description: 'Entries of all flows of its slice, including its own.',
    source: 'What the backends confirmed',
    example: '40',
    missing: NO_SLICE,
    read: (v) => declared(v) && v.memory.useOf(v.slice)?.entries,
    column: keyed('slice'),
  },
  {
    name: 'sliceRank',
    scope: 'flow',
    type: 'number',
    unit: 'entry',
    range: WHOLE,
    description:
      'Rank among the flows of its slice, 1 for the flow with the most packets per second: the entries that the slice needs to include it. A placed flow keeps its rank until another flow has 1.3 times its packets.',
    source: 'Flow table',
    example: '3',
    missing: 'the flow belongs to no slice or only the vSwitch can process it',
    read: (v) => v.memory.sliceRank(v),
    column: derived(fillSliceRank),
  },
  {
    name: 'sliceGuaranteed',
    scope: 'flow',
    type: 'number',
    unit: 'entry',
    range: WHOLE,
    description: 'Guaranteed entries of its slice; 0 without a guarantee.',
    source: 'Policies and backends',
    example: '100',
    missing: NO_SLICE,
    read: (v) => limitOf(v, 'guaranteed', 0),
    column: keyed('slice'),
  },
  {
    name: 'sliceMaximum',
    scope: 'flow',
    type: 'number',
    unit: 'entry',
    range: WHOLE,
    description: 'Maximum entries of its slice; the whole table without a maximum.',
    source: 'Policies and backends',
    example: '400',
    missing: NO_SLICE,
    read: (v) => limitOf(v, 'maximum', entriesOf(v)),
    column: keyed('slice'),
  },
  {
    name: 'sliceWeight',
    scope: 'flow',
    type: 'number',
    range: POSITIVE,
    description: 'Weight of its slice.',
    source: 'Policies',
    example: '1',
    missing: NO_SLICE,
    read: (v) => declared(v)?.weight,
    column: FROM_FLOW_AND_PORTS,
  },
];

function direction(v: FlowView): string {
  const from = v.inPort?.kind;
  const to = v.outPort?.kind;
  if (from === 'vm' && to === 'vm') return 'local';
  if (from === 'vm' && to === 'uplink') return 'transmit';
  return from === 'uplink' && to === 'vm' ? 'receive' : 'other';
}

/** A missing value of the output port: certain for a flow without one. */
function unlessDropped(v: FlowView): Known {
  return v.outPorts.length === 0 ? undefined : UNKNOWN;
}

function knowsPorts(v: FlowView): boolean {
  return v.inPort !== undefined && (v.outPorts.length === 0 || v.outPort !== undefined);
}

/** An uplink or internal port belongs to no VM; any other port can, even if it is not named. */
function vmOf(v: FlowView): Known {
  const port = v.tenantPort;
  if (port === undefined) return v.inPort === undefined ? UNKNOWN : unlessDropped(v);
  if (port.vm !== undefined) return port.vm;
  return port.kind === 'uplink' || port.kind === 'internal' ? undefined : UNKNOWN;
}

function transmitRate(v: FlowView): number | undefined {
  return v.context.node.portLoad.get(v.outPorts[0] ?? '')?.txBitsPerSecond;
}

function declared(v: FlowView): SliceDefinition | undefined {
  return v.memory.slices.named(v.slice);
}

function limitOf(
  v: FlowView,
  which: 'guaranteed' | 'maximum',
  otherwise: number,
): number | undefined {
  const slice = declared(v);
  if (slice === undefined) return undefined;
  const limit = slice[which];
  return limit === undefined ? otherwise : limitEntries(limit, entriesOf(v));
}

/** Entries of all tables together. */
function entriesOf(v: FlowView): number {
  let entries = 0;
  for (const table of v.context.tables ?? []) entries += table.entries;
  return entries;
}

function fillSliceRank(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    view.row = rows[i];
    into[rows[i]] = view.memory.sliceRank(view) ?? Number.NaN;
  }
}
