import { PLACEMENT_NAMES } from '../../model/flow.ts';
import type { FlowTable } from '../../model/flow-table.ts';
import type { FactDefinition, FactParams, FlowView } from '../fact.ts';
import type { FlowKey } from '../key-column.ts';
import type { FillColumn } from './number-column.ts';

/** How a fact is had for many flows at a time, and how long a value of it is good for. */
export type FactSource =
  /** One value for all flows, for one tick. */
  | { readonly kind: 'node' }
  /**
   * Follows from the flow's match and actions and, with `ports`, from the port directory: good
   * until one of these changes.
   */
  | { readonly kind: 'flow'; readonly ports: boolean }
  /** A column of numbers, never missing. */
  | { readonly kind: 'column'; readonly of: (table: FlowTable) => Float64Array }
  /** A column of numbers that is worked out of others; NaN: missing. */
  | { readonly kind: 'derived'; readonly fill: FillColumn }
  /** A column of small numbers that stand for names. */
  | {
      readonly kind: 'code';
      readonly of: (table: FlowTable) => Uint8Array;
      readonly names: readonly string[];
    }
  /** One value, for one tick, for all flows of one key, which follows from the flow. */
  | { readonly kind: 'keyed'; readonly key: FlowKey }
  /** Anything else: read flow by flow, in every tick. */
  | { readonly kind: 'row' };

const FLOW: FactSource = { kind: 'flow', ports: false };
const FLOW_AND_PORTS: FactSource = { kind: 'flow', ports: true };

const SOURCES: ReadonlyMap<string, FactSource> = new Map<string, FactSource>([
  ['bitsPerSecond', { kind: 'column', of: (t) => t.rates.bitsPerSecond }],
  ['packetsPerSecond', { kind: 'column', of: (t) => t.rates.packetsPerSecond }],
  ['lastBitsPerSecond', { kind: 'column', of: (t) => t.rates.lastBitsPerSecond }],
  ['lastPacketsPerSecond', { kind: 'column', of: (t) => t.rates.lastPacketsPerSecond }],
  ['worth', { kind: 'column', of: (t) => t.forecast.worth }],
  ['expectedPacketsPerSecond', { kind: 'column', of: (t) => t.forecast.packetsPerSecond }],
  ['expectedBitsPerSecond', { kind: 'column', of: (t) => t.forecast.bitsPerSecond }],
  ['vswitchBytes', { kind: 'column', of: (t) => t.traffic.vswitchBytes }],
  ['carriedBytes', { kind: 'column', of: (t) => t.traffic.carriedBytes }],
  ['vswitchPackets', { kind: 'column', of: (t) => t.traffic.vswitchPackets }],
  ['carriedPackets', { kind: 'column', of: (t) => t.traffic.carriedPackets }],
  ['bytes', { kind: 'derived', fill: fillBytes }],
  ['packets', { kind: 'derived', fill: fillPackets }],
  ['bytesPerPacket', { kind: 'derived', fill: fillBytesPerPacket }],
  ['ageMs', { kind: 'derived', fill: fillAge }],
  ['idleMs', { kind: 'derived', fill: fillIdle }],
  ['quietMs', { kind: 'derived', fill: fillQuiet }],
  ['placedMs', { kind: 'derived', fill: fillPlaced }],
  ['refusals', { kind: 'derived', fill: fillRefusals }],
  ['sliceRank', { kind: 'derived', fill: fillSliceRank }],
  ['placement', { kind: 'code', of: (t) => t.decision.placement, names: PLACEMENT_NAMES }],
  ['inPortBitsPerSecond', { kind: 'keyed', key: 'inPort' }],
  ['outPortBitsPerSecond', { kind: 'keyed', key: 'outPort' }],
  ['sliceEntries', { kind: 'keyed', key: 'slice' }],
  ['sliceGuaranteed', { kind: 'keyed', key: 'slice' }],
  ['sliceMaximum', { kind: 'keyed', key: 'slice' }],
  ['inPort', FLOW],
  ['outPort', FLOW],
  ['outPorts', FLOW],
  ['cast', FLOW],
  ['ethSrc', FLOW],
  ['ethDst', FLOW],
  ['ethType', FLOW],
  ['vlanId', FLOW],
  ['ipProto', FLOW],
  ['ipv4Src', FLOW],
  ['ipv4Dst', FLOW],
  ['ipv6Src', FLOW],
  ['ipv6Dst', FLOW],
  ['ipSrc', FLOW],
  ['ipDst', FLOW],
  ['tcpSrc', FLOW],
  ['tcpDst', FLOW],
  ['udpSrc', FLOW],
  ['udpDst', FLOW],
  ['protocol', FLOW],
  ['matchedBits', FLOW],
  ['matchedFields', FLOW],
  ['offloadable', FLOW],
  ['vswitchOnly', FLOW],
  ['inPortKind', FLOW_AND_PORTS],
  ['outPortKind', FLOW_AND_PORTS],
  ['vm', FLOW_AND_PORTS],
  ['slice', FLOW_AND_PORTS],
  ['direction', FLOW_AND_PORTS],
  ['sliceWeight', FLOW_AND_PORTS],
]);

/** How `fact` is had. A fact that is not known here is read flow by flow: right, but slower. */
export function sourceOf(fact: FactDefinition, params: FactParams): FactSource {
  if (fact.scope === 'node') return { kind: 'node' };
  if (fact.name === 'rateOfChange') return { kind: 'derived', fill: fillChange(String(params.of)) };
  return SOURCES.get(fact.name) ?? { kind: 'row' };
}

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

function fillPlaced(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { firstSeenMs } = view.table.traffic;
  const { placedSinceMs } = view.table.decision;
  const { nowMs } = view.context;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    into[row] = nowMs - Math.max(placedSinceMs[row], firstSeenMs[row]);
  }
}

function fillRefusals(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { refusals } = view.table.decision;
  for (let i = from; i < to; i++) into[rows[i]] = refusals[rows[i]];
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

function fillChange(fact: string): FillColumn {
  return (view, rows, from, to, into) => {
    for (let i = from; i < to; i++) {
      view.row = rows[i];
      into[rows[i]] = view.memory.changeOf(fact, view) ?? Number.NaN;
    }
  };
}
