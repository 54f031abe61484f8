import type { FactDefinition, FlowView } from '../model/fact.ts';
import { derived, tableColumn } from './columns.ts';
import { POSITIVE, WHOLE } from './ranges.ts';

const COUNTERS = 'Counters of vSwitch and backends';

/** Facts of a flow's traffic. */
export const TRAFFIC_FACTS: readonly FactDefinition[] = [
  {
    name: 'bitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Rate over all paths, L2 header included, smoothed.',
    range: POSITIVE,
    source: COUNTERS,
    example: '25000000',
    ...tableColumn((t) => t.rates.bitsPerSecond),
  },
  {
    name: 'packetsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description: 'Packet rate over all paths, smoothed.',
    range: POSITIVE,
    source: COUNTERS,
    example: '2100',
    ...tableColumn((t) => t.rates.packetsPerSecond),
  },
  {
    name: 'lastBitsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'bit/s',
    description: 'Rate over all paths in the last tick alone.',
    range: POSITIVE,
    source: COUNTERS,
    example: '31000000',
    ...tableColumn((t) => t.rates.lastBitsPerSecond),
  },
  {
    name: 'lastPacketsPerSecond',
    scope: 'flow',
    type: 'number',
    unit: 'packet/s',
    description: 'Packet rate over all paths in the last tick alone.',
    range: POSITIVE,
    source: COUNTERS,
    example: '2600',
    ...tableColumn((t) => t.rates.lastPacketsPerSecond),
  },
  {
    name: 'bytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes over all paths since the flow was first seen.',
    range: POSITIVE,
    source: COUNTERS,
    example: '73000000',
    read: (v) => v.table.traffic.vswitchBytes[v.row] + v.table.traffic.carriedBytes[v.row],
    column: derived(fillBytes),
  },
  {
    name: 'packets',
    scope: 'flow',
    type: 'number',
    unit: 'packet',
    description: 'Packets over all paths since the flow was first seen.',
    range: POSITIVE,
    source: COUNTERS,
    example: '50000',
    read: (v) => v.table.traffic.vswitchPackets[v.row] + v.table.traffic.carriedPackets[v.row],
    column: derived(fillPackets),
  },
  {
    name: 'vswitchBytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes that went through the vSwitch.',
    range: POSITIVE,
    source: COUNTERS,
    example: '1200000',
    ...tableColumn((t) => t.traffic.vswitchBytes),
  },
  {
    name: 'carriedBytes',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    description: 'Bytes that the NIC or the fast path carried.',
    range: POSITIVE,
    source: COUNTERS,
    example: '71800000',
    ...tableColumn((t) => t.traffic.carriedBytes),
  },
  {
    name: 'ageMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since the flow was first seen.',
    range: POSITIVE,
    source: COUNTERS,
    example: '30000',
    read: (v) => v.context.nowMs - v.table.traffic.firstSeenMs[v.row],
    column: derived(fillAge),
  },
  {
    name: 'idleMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since its last packet on any path.',
    range: POSITIVE,
    source: COUNTERS,
    example: '2000',
    read: (v) => v.context.nowMs - v.table.traffic.lastActiveMs[v.row],
    column: derived(fillIdle),
  },
  {
    name: 'quietMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description:
      'Time since it last had 20 packets/s or 1 Mbit/s in a tick: heartbeats and keep-alives do not end it.',
    range: POSITIVE,
    source: COUNTERS,
    example: '2000',
    read: (v) => v.memory.activity.quietMs(v.table, v.row, v.context.nowMs),
    column: derived(fillQuiet),
  },
  {
    name: 'vswitchPackets',
    scope: 'flow',
    type: 'number',
    unit: 'packet',
    range: WHOLE,
    description: 'Packets that went through the vSwitch.',
    source: COUNTERS,
    example: '1200',
    ...tableColumn((t) => t.traffic.vswitchPackets),
  },
  {
    name: 'carriedPackets',
    scope: 'flow',
    type: 'number',
    unit: 'packet',
    range: WHOLE,
    description: 'Packets that the NIC or the fast path carried.',
    source: COUNTERS,
    example: '48800',
    ...tableColumn((t) => t.traffic.carriedPackets),
  },
  {
    name: 'bytesPerPacket',
    scope: 'flow',
    type: 'number',
    unit: 'byte',
    range: POSITIVE,
    description: 'Mean packet size at the smoothed rates, L2 header included.',
    source: COUNTERS,
    example: '1450',
    missing: 'it sends nothing',
    read: (v) => {
      const packets = v.table.rates.packetsPerSecond[v.row];
      return packets > 0 ? v.table.rates.bitsPerSecond[v.row] / 8 / packets : undefined;
    },
    column: derived(fillBytesPerPacket),
  },
];

function fillBytes(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { vswitchBytes, carriedBytes } = view.table.traffic;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    into[row] = vswitchBytes[row] + carriedBytes[row];
  }
}

function fillPackets(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { vswitchPackets, carriedPackets } = view.table.traffic;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    into[row] = vswitchPackets[row] + carriedPackets[row];
  }
}

function fillBytesPerPacket(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { bitsPerSecond, packetsPerSecond } = view.table.rates;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    const packets = packetsPerSecond[row];
    into[row] = packets > 0 ? bitsPerSecond[row] / 8 / packets : Number.NaN;
  }
}

function fillAge(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { firstSeenMs } = view.table.traffic;
  const { nowMs } = view.context;
  for (let i = from; i < to; i++) into[rows[i]] = nowMs - firstSeenMs[rows[i]];
}

function fillIdle(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { lastActiveMs } = view.table.traffic;
  const { nowMs } = view.context;
  for (let i = from; i < to; i++) into[rows[i]] = nowMs - lastActiveMs[rows[i]];
}

function fillQuiet(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  view.activity.fillQuietMs(view.table, view.context.nowMs, rows, from, to, into);
}
