import type { Algorithm, WindowView } from './algorithm.ts';
import { EntryTable } from './entry-table.ts';
import { type Hardware, IDEAL } from './hardware.ts';
import { LateCounters, type Seen } from './late-counters.ts';
import type { Sightings } from '../traces/sightings.ts';
import type { Trace } from '../traces/trace.ts';

/** Result of an algorithm on a trace with one table size, without the warm-up. */
export interface RunResult {
  /** Share of all bytes, and of all packets, of flows with an entry. */
  readonly byteCoverage: number;
  readonly packetCoverage: number;
  /** Entries added or evicted per second; flows refused per second. */
  readonly operationsPerSecond: number;
  readonly refusalsPerSecond: number;
  /** Mean time of one decision, ms. */
  readonly msPerDecision: number;
  /** Mean of entries in use. */
  readonly meanEntries: number;
  /** Mean of entries that nobody uses. */
  readonly meanFree: number;
}

/** A table that algorithms fill. */
export interface TableSpec {
  readonly entries: number;
  /** Left out: {@link IDEAL}. */
  readonly hardware?: Hardware;
  /** Entries that others want after a window's end; left out: none. */
  readonly foreignAt?: (endMs: number) => number;
}

/** Runs an algorithm over a trace: it decides at each window's end for the next one. */
export async function run(
  algorithm: Algorithm,
  trace: Trace,
  seen: Sightings,
  { entries, hardware = IDEAL, foreignAt }: TableSpec,
): Promise<RunResult> {
  const { flows, windowMs, windows, warmUpWindows, serviceOf } = trace;
  const placer = algorithm.create({ flows, entries, windowMs, hardware, serviceOf });
  const table = new EntryTable(entries, flows, hardware);
  const counters = new LateCounters(hardware);
  const sums = { bytes: 0, packets: 0, allBytes: 0, allPackets: 0, ms: 0, entries: 0, free: 0 };
  let operationsBefore = 0;
  let refusedBefore = 0;
  for (let w = 0; w < windows; w++) {
    if (w === warmUpWindows) {
      operationsBefore = table.placed + table.evicted;
      refusedBefore = table.refused;
    }
    const counts = w >= warmUpWindows;
    if (counts) credit(trace, w, table, hardware, sums);
    const view = viewOf(trace, seen, w, table, counters);
    table.proceedTo(view.endMs);
    for (const flow of view.born) table.appear(flow);
    for (const flow of view.gone) table.disappear(flow);
    table.foreign = foreignAt?.(view.endMs) ?? 0;
    const start = performance.now();
    const deciding = placer.decide(view);
    if (deciding !== undefined) await deciding;
    if (counts) sums.ms += performance.now() - start;
  }
  const counted = windows - warmUpWindows;
  const seconds = (counted * windowMs) / 1000;
  return {
    byteCoverage: sums.bytes / sums.allBytes,
    packetCoverage: sums.packets / sums.allPackets,
    operationsPerSecond: (table.placed + table.evicted - operationsBefore) / seconds,
    refusalsPerSecond: (table.refused - refusedBefore) / seconds,
    msPerDecision: sums.ms / counted,
    meanEntries: sums.entries / counted,
    meanFree: sums.free / counted,
  };
}

/** Adds the window's traffic: of all flows, and of those with an entry. */
function credit(
  trace: Trace,
  w: number,
  table: EntryTable,
  { heartbeatMs }: Hardware,
  sums: {
    bytes: number;
    packets: number;
    allBytes: number;
    allPackets: number;
    entries: number;
    free: number;
  },
): void {
  const { windowMs } = trace;
  const heartbeats = heartbeatMs === undefined ? 0 : windowMs / heartbeatMs;
  for (let i = trace.offsets[w]; i < trace.offsets[w + 1]; i++) {
    const packets = trace.packets[i];
    sums.allBytes += trace.bytes[i];
    sums.allPackets += packets;
    // Packets are spread evenly over the window.
    const part = table.partInEffect(trace.flow[i], w * windowMs, (w + 1) * windowMs);
    const carried = part * Math.max(0, 1 - heartbeats / packets);
    sums.bytes += carried * trace.bytes[i];
    sums.packets += carried * packets;
  }
  sums.entries += table.size;
  sums.free += table.free;
}

function viewOf(
  trace: Trace,
  seen: Sightings,
  w: number,
  table: EntryTable,
  counters: LateCounters,
): WindowView {
  const from = trace.offsets[w];
  const to = trace.offsets[w + 1];
  const startMs = w * trace.windowMs;
  const endMs = (w + 1) * trace.windowMs;
  const sent: Seen = {
    senders: trace.flow.subarray(from, to),
    bytes: trace.bytes.subarray(from, to),
    packets: trace.packets.subarray(from, to),
    lastMs: trace.lastMs.subarray(from, to),
  };
  return {
    windowMs: trace.windowMs,
    endMs,
    ...counters.read(sent, table, startMs, endMs),
    born: seen.born.subarray(seen.bornOffsets[w], seen.bornOffsets[w + 1]),
    gone: seen.gone.subarray(seen.goneOffsets[w], seen.goneOffsets[w + 1]),
    table,
  };
}
