import { readFlowRecords } from '../../../replay/traces/csv.ts';
import type { FlowRecord } from '../../../replay/traces/flow-record.ts';
import { type Trace, TraceBuilder } from './trace.ts';

/** Warm-up: share of a file's time, and its maximum. */
const WARM_UP_SHARE = 0.25;
const WARM_UP_MS = 20_000;

/** A file is too short for a comparison. */
export class TraceTooShortError extends Error {
  override readonly name = 'TraceTooShortError';
}

/**
 * Flow records of a CSV file as a trace: `start_s,duration_s,bytes,packets[,src,dst,proto,sport,
 * dport,slice]`. A record's packets are spread evenly from its start to its end; records with the
 * same addresses, protocol and ports are one flow with pauses.
 *
 * Rejects with TraceTooShortError, or as `readFlowRecords` does.
 */
export async function traceOfRecords(file: string, windowMs: number): Promise<Trace> {
  const flows = new Map<string, number>();
  const services = new Map<string, number>();
  const serviceOf: number[] = [];
  const builder = new TraceBuilder();
  let startMs: number | undefined;
  let windows = 0;
  for await (const record of readFlowRecords(file)) {
    if (record.packets === 0) continue;
    startMs ??= record.startMs;
    const key = keyOf(record);
    const flow = numberOf(flows, key);
    serviceOf[flow] = numberOf(services, serviceKeyOf(record));
    windows = Math.max(windows, spread(record, flow, startMs, windowMs, builder));
  }
  if (windows < 2) {
    const seconds = (windows * windowMs) / 1000;
    throw new TraceTooShortError(
      `${file} has ${flows.size} flows in ${seconds} s: nothing to decide; it takes two windows ` +
        `of ${windowMs} ms or more, or a smaller --windows`,
    );
  }
  const longest = Math.min(windows * WARM_UP_SHARE, WARM_UP_MS / windowMs);
  const length = { windowMs, windows, warmUpWindows: Math.floor(longest) };
  return builder.build(length, flows.size, Uint16Array.from(serviceOf));
}

/** Adds a record's packets; returns how many windows from the trace's start it reaches. */
function spread(
  { startMs, durationMs, packets, bytes }: FlowRecord,
  flow: number,
  traceStartMs: number,
  windowMs: number,
  builder: TraceBuilder,
): number {
  const begin = startMs - traceStartMs;
  const gapMs = packets === 1 ? 0 : durationMs / (packets - 1);
  let window = 0;
  for (let sent = 0; sent < packets; ) {
    window = Math.floor((begin + sent * gapMs) / windowMs);
    const left = (window + 1) * windowMs - begin;
    // Packets before the window's end; at least one, despite rounding.
    const until = gapMs === 0 ? packets : Math.min(packets, Math.ceil(left / gapMs));
    const next = Math.max(sent + 1, until);
    const share = (next - sent) / packets;
    const lastMs = Math.min(windowMs, begin + (next - 1) * gapMs - window * windowMs);
    builder.add(window, flow, bytes * share, next - sent, lastMs);
    sent = next;
  }
  return window + 1;
}

/** The identity of a record's flow; a record without addresses is its own flow. */
function keyOf({ src, dst, proto, sport, dport, line }: FlowRecord): string {
  const known = src !== undefined || dst !== undefined;
  return known ? `${src} ${dst} ${proto} ${sport} ${dport}` : `line ${line}`;
}

/** The service of a record: its protocol and its lower port, and whether it is the sender's. */
function serviceKeyOf({ proto, sport = 0, dport = 0 }: FlowRecord): string {
  return `${proto} ${Math.min(sport, dport)} ${sport < dport}`;
}

/** Number of the key, which gets the next one when it is new. */
function numberOf(numbers: Map<string, number>, key: string): number {
  const number = numbers.get(key) ?? numbers.size;
  numbers.set(key, number);
  return number;
}
